//! `#[policy]`, and the macros that list tasks.

use airlock::{AllowOnly, BlockTasks, EnqueueError, TaskSet};

use crate::tasks::{mail, nothing};

/// Under a built-in policy.
///
/// # Errors
///
/// Outside a scope.
#[airlock::policy(DropAll)]
pub fn dropped() -> Result<(), EnqueueError> {
    nothing::enqueue()
}

/// Under several, async.
///
/// # Errors
///
/// Outside a scope.
#[airlock::policy((LogOnFlush::default(), AllowOnly(mail, "nothing")))]
pub async fn listed() -> Result<(), EnqueueError> {
    std::future::ready(()).await;
    nothing::enqueue()
}

/// Without a value.
#[airlock::policy(Coalesce, crate = airlock)]
pub fn unit() {
    drop(nothing::enqueue());
}

/// A set.
#[must_use]
pub fn set() -> TaskSet {
    airlock::tasks![nothing, crate::tasks::pack, "mail"]
}

/// A block list.
#[must_use]
pub fn block_list() -> BlockTasks {
    airlock::block_tasks![nothing, "crate::tasks::pack"]
}

/// An allow list.
#[must_use]
pub fn allow_list() -> AllowOnly {
    airlock::allow_only![]
}

#[cfg(test)]
mod tests {
    use airlock::testing::capture;
    use airlock::{assert_effects, assert_enqueued, assert_not_enqueued};

    use crate::tasks::{mail, nothing};

    #[test]
    fn assertions_are_clean() {
        let (result, effects) = capture(super::dropped);
        assert!(result.is_ok(), "in a scope");
        assert_enqueued!(effects, nothing());
        assert_enqueued!(effects, nothing);
        assert_not_enqueued!(effects, mail(1, "t0p".to_owned()));
        assert_effects!(effects, [nothing]);
    }
}

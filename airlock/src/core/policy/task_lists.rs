//! The policies that go by the task: a block list and an allow list.

use crate::core::intent::Intent;
use crate::core::policy::{Policy, PolicyViolation, Travel, Verdict};
use crate::core::registry::task_set::{NamedTasksError, TaskSet};

/// Blocks the tasks of a list: drops them at flush or, with [`refuse`](Self::refuse), refuses them
/// at enqueue.
///
/// [`block_tasks!`](crate::block_tasks) writes it shorter. A list of 1,000 tasks costs what a list of
/// one costs.
///
/// # Examples
///
/// ```
/// use airlock::block_tasks;
///
/// #[airlock::task]
/// fn send_confirmation_email(order_id: u64) {
///     unreachable!("blocked");
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// airlock::scope()
///     .policy(block_tasks![send_confirmation_email])
///     .run(|| send_confirmation_email::enqueue(42))??;
///
/// let refused = airlock::scope()
///     .policy(block_tasks![send_confirmation_email].refuse())
///     .run(|| send_confirmation_email::enqueue(42))?;
/// assert!(refused.is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct BlockTasks {
    tasks: TaskSet,
    refuse: bool,
}

impl BlockTasks {
    /// Drops these tasks at flush.
    pub fn new(tasks: TaskSet) -> Self {
        Self { tasks, refuse: false }
    }

    /// Drops the tasks of these names, which come from a configuration.
    ///
    /// # Errors
    ///
    /// [`NamedTasksError`] for a name that no task has, with the nearest that one has.
    ///
    /// # Examples
    ///
    /// ```standalone_crate
    /// #[airlock::task(name = "mail.confirmation")]
    /// fn send_confirmation_email(order_id: u64) {}
    ///
    /// let error = airlock::BlockTasks::named(["mail.confirmatoin"]).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "no task is named `mail.confirmatoin`: did you mean `mail.confirmation`?",
    /// );
    /// ```
    pub fn named<N: AsRef<str>>(
        names: impl IntoIterator<Item = N>,
    ) -> Result<Self, NamedTasksError> {
        TaskSet::named(names).map(Self::new)
    }

    /// Refuses the tasks at enqueue instead.
    #[must_use]
    pub fn refuse(self) -> Self {
        Self { refuse: true, ..self }
    }
}

impl Policy for BlockTasks {
    #[inline]
    fn on_enqueue(&self, intent: &Intent) -> Result<(), PolicyViolation> {
        if self.refuse && self.tasks.has(intent) {
            return Err(PolicyViolation::new("the task is on the block list"));
        }
        Ok(())
    }

    #[inline]
    fn allows(&self, intent: &Intent) -> Verdict {
        if self.tasks.has(intent) { Verdict::Drop } else { Verdict::Allow }
    }

    fn travel(&self) -> Travel {
        Travel::listed("BlockTasks", &self.tasks, self.refuse)
    }
}

/// Lets only the tasks of a list through: drops others at flush or, with [`refuse`](Self::refuse),
/// refuses them at enqueue.
///
/// [`allow_only!`](crate::allow_only) writes it shorter.
///
/// # Examples
///
/// ```
/// use airlock::allow_only;
///
/// #[airlock::task]
/// fn notify_warehouse(order_id: u64) {}
///
/// #[airlock::task]
/// fn send_confirmation_email(order_id: u64) {
///     unreachable!("not on the list");
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// airlock::scope().policy(allow_only![notify_warehouse]).run(|| {
///     notify_warehouse::enqueue(42)?;
///     send_confirmation_email::enqueue(42)
/// })??;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct AllowOnly {
    tasks: TaskSet,
    refuse: bool,
}

impl AllowOnly {
    /// Drops every other task at flush.
    pub fn new(tasks: TaskSet) -> Self {
        Self { tasks, refuse: false }
    }

    /// Drops every task but those of these names, which come from a configuration.
    ///
    /// # Errors
    ///
    /// [`NamedTasksError`] for a name that no task has, with the nearest that one has.
    pub fn named<N: AsRef<str>>(
        names: impl IntoIterator<Item = N>,
    ) -> Result<Self, NamedTasksError> {
        TaskSet::named(names).map(Self::new)
    }

    /// Refuses the other tasks at enqueue instead.
    #[must_use]
    pub fn refuse(self) -> Self {
        Self { refuse: true, ..self }
    }
}

impl Policy for AllowOnly {
    #[inline]
    fn on_enqueue(&self, intent: &Intent) -> Result<(), PolicyViolation> {
        if self.refuse && !self.tasks.has(intent) {
            return Err(PolicyViolation::new("the task is not on the allow list"));
        }
        Ok(())
    }

    #[inline]
    fn allows(&self, intent: &Intent) -> Verdict {
        if self.tasks.has(intent) { Verdict::Allow } else { Verdict::Drop }
    }

    fn travel(&self) -> Travel {
        Travel::listed("AllowOnly", &self.tasks, self.refuse)
    }
}

/// A [`BlockTasks`](crate::BlockTasks) of these tasks; paths as in [`tasks!`](crate::tasks).
///
/// # Examples
///
/// ```
/// #[airlock::task]
/// fn send_confirmation_email(order_id: u64) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// airlock::scope()
///     .policy(airlock::block_tasks![send_confirmation_email])
///     .run(|| send_confirmation_email::enqueue(42))??;   // dropped
/// # Ok(())
/// # }
/// ```
#[macro_export]
macro_rules! block_tasks {
    ($($task:tt)*) => { $crate::BlockTasks::new($crate::tasks![$($task)*]) };
}

/// An [`AllowOnly`](crate::AllowOnly) of these tasks; paths as in [`tasks!`](crate::tasks).
///
/// # Examples
///
/// ```
/// #[airlock::task]
/// fn notify_warehouse(order_id: u64) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// airlock::scope()
///     .policy(airlock::allow_only![notify_warehouse])
///     .run(|| notify_warehouse::enqueue(42))??;
/// # Ok(())
/// # }
/// ```
#[macro_export]
macro_rules! allow_only {
    ($($task:tt)*) => { $crate::AllowOnly::new($crate::tasks![$($task)*]) };
}

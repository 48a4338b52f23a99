//! The names of Dramatiq's queues.

use crate::core::task::called::BoxError;
use crate::engines::shared::reserved;

/// Refuses a queue that no actor can have.
///
/// Source: `_queue_name_re` in `dramatiq/actor.py`, and what its brokers keep beside a queue: its delayed messages, its
/// dead letters and, in Redis, the bodies.
///
/// # Errors
///
/// Names the queue, and says which names there are.
pub(super) fn check(queue: &str) -> Result<(), BoxError> {
    reserved::check(queue, &[".DQ", ".XQ", ".msgs"])?;
    let mut characters = queue.chars();
    let begins = characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
    if begins && characters.all(|next| next.is_ascii_alphanumeric() || "._-".contains(next)) {
        return Ok(());
    }
    Err(format!(
        "no Dramatiq worker reads the queue `{queue}`: its names begin with a letter of ASCII or `_`, and go on with \
         these, digits, `.` and `-`"
    )
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_one_that_an_actor_can_have() {
        for queue in ["default", "_", "emails-2.high_priority", "DQ"] {
            check(queue).expect(queue);
        }
        for queue in [
            "",
            "1st",
            "1st mails",
            "a:b",
            "größe",
            "a b",
            "-a",
            "mails.XQ",
            "mails.DQ",
            "mails.msgs",
        ] {
            let error = check(queue).expect_err(queue).to_string();
            assert!(error.contains(&format!("`{queue}`")), "{error}");
        }
    }
}

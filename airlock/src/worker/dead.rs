//! Messages that nobody will try again by themselves.

use std::fmt;
use std::time::SystemTime;

use crate::worker::engine_error::EngineError;

/// A message that was given up, with the reason.
///
/// # Examples
///
/// ```
/// use airlock::worker::DeadLetter;
///
/// fn describe(letter: &DeadLetter) -> String {
///     let task = letter.task.as_deref().unwrap_or("an undecodable message");
///     format!("{task}, after {} attempts: {}", letter.attempts, letter.reason)
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// By what the engine knows it.
    pub id: String,
    /// The queue that it was taken from.
    pub queue: String,
    /// The task's name, where the message could be read so far.
    pub task: Option<String>,
    /// The message, as it came.
    pub body: Vec<u8>,
    /// Why it was given up.
    pub reason: String,
    /// How many attempts were made.
    pub attempts: u32,
    /// Since when it is here.
    pub since: SystemTime,
}

/// Says of the message only how long it is: some of its arguments may be secret.
impl fmt::Debug for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, queue, task, body, reason, attempts, since } = self;
        f.debug_struct("DeadLetter")
            .field("id", id)
            .field("queue", queue)
            .field("task", task)
            .field("body", &format_args!("{} bytes", body.len()))
            .field("reason", reason)
            .field("attempts", attempts)
            .field("since", since)
            .finish()
    }
}

/// An engine's dead letters: the queues of the engines implement it.
///
/// # Examples
///
/// ```
/// use airlock::EngineError;
/// use airlock::worker::DeadLetters;
///
/// async fn retry_all(letters: &impl DeadLetters) -> Result<usize, EngineError> {
///     let mut retried = 0;
///     for letter in letters.list(1_000).await? {
///         retried += usize::from(letters.retry(&letter.id).await?);
///     }
///     Ok(retried)
/// }
/// ```
pub trait DeadLetters {
    /// The dead letters, the oldest first, `at_most` so many.
    ///
    /// # Errors
    ///
    /// The engine's.
    fn list(
        &self,
        at_most: usize,
    ) -> impl Future<Output = Result<Vec<DeadLetter>, EngineError>> + Send;

    /// The dead letter of this id.
    ///
    /// # Errors
    ///
    /// The engine's.
    fn find(
        &self,
        id: &str,
    ) -> impl Future<Output = Result<Option<DeadLetter>, EngineError>> + Send;

    /// Puts one back into its queue, as new and without an expiry; whether there was one of this id.
    ///
    /// # Errors
    ///
    /// The engine's: then it is still a dead letter.
    fn retry(&self, id: &str) -> impl Future<Output = Result<bool, EngineError>> + Send;

    /// Removes one for good; whether there was one of this id.
    ///
    /// # Errors
    ///
    /// The engine's: then it is still a dead letter.
    fn remove(&self, id: &str) -> impl Future<Output = Result<bool, EngineError>> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_of_letters_has_no_messages() {
        let letter = DeadLetter {
            id: "1".into(),
            queue: "emails".into(),
            task: None,
            body: b"s3cret".into(),
            reason: "unknown task".into(),
            attempts: 1,
            since: SystemTime::UNIX_EPOCH,
        };
        let shown = format!("{letter:?}");
        assert!(shown.contains("body: 6 bytes") && shown.contains("unknown task"), "{shown}");
    }
}

//! Messages that were given up.

use std::fmt;
use std::time::SystemTime;

use crate::core::cut::cut;
#[cfg(feature = "_queue")]
use crate::core::cut::plain;
use crate::worker::engine_error::EngineError;

/// A message that was given up, and the reason.
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
    /// Its id in the engine.
    pub id: String,
    /// The queue that it came from.
    pub queue: String,
    /// The task's name, if it could be read.
    pub task: Option<String>,
    /// The message as it was delivered.
    pub body: Vec<u8>,
    /// Why it was given up.
    pub reason: String,
    /// How many attempts were made.
    pub attempts: u32,
    /// Since when it is a dead letter.
    pub since: SystemTime,
}

impl DeadLetter {
    /// With its texts in one line, without what a terminal obeys: anyone may have written them.
    #[cfg(feature = "_queue")]
    pub(crate) fn plain(mut self) -> Self {
        self.task = self.task.as_deref().map(plain);
        self.reason = plain(&self.reason);
        self
    }
}

/// One line for a person, without the message: `default 7: mail.welcome, after 3 attempts: the server is busy`.
impl fmt::Display for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, queue, task, reason, attempts, .. } = self;
        let (queue, id, reason) = (cut(queue), cut(id), cut(reason));
        let task = cut(task.as_deref().unwrap_or("an undecodable message"));
        let times = if *attempts == 1 { "attempt" } else { "attempts" };
        write!(f, "{queue} {id}: {task}, after {attempts} {times}: {reason}")
    }
}

/// Shows only the length of the message: some of its arguments may be secret.
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

/// The dead letters of an engine, whose queues implement it.
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
    /// The oldest dead letters, in order, at most `at_most` of them.
    ///
    /// # Errors
    ///
    /// The engine's.
    fn list(
        &self,
        at_most: usize,
    ) -> impl Future<Output = Result<Vec<DeadLetter>, EngineError>> + Send;

    /// The dead letter with this id.
    ///
    /// # Errors
    ///
    /// The engine's.
    fn find(
        &self,
        id: &str,
    ) -> impl Future<Output = Result<Option<DeadLetter>, EngineError>> + Send;

    /// Puts one back into its queue, as a new message without an expiry. Returns whether the id was found.
    ///
    /// # Errors
    ///
    /// The engine's: then it is still a dead letter.
    fn retry(&self, id: &str) -> impl Future<Output = Result<bool, EngineError>> + Send;

    /// Removes one for good. Returns whether the id was found.
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

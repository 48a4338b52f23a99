//! Dead letters: jobs that apalis counts as dead, with the reason as their result.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::Value;

use crate::engines::apalis::redis::Redis;
use crate::engines::apalis::redis::script::{self, LETTERS, REMOVE, RETRY};
use crate::envelope::{Envelope, without_expiry};
use crate::worker::engine_error::EngineError;
use crate::worker::{DeadLetter, DeadLetters};

/// Queue, id, body, result, attempts, and since when.
type Letter = (usize, Vec<u8>, Vec<u8>, Vec<u8>, u32, f64);

/// Those of the queues that the handle serves; apalis' own workers leave theirs here too.
impl DeadLetters for Redis {
    async fn list(&self, at_most: usize) -> Result<Vec<DeadLetter>, EngineError> {
        self.letters(at_most, "").await
    }

    async fn find(&self, id: &str) -> Result<Option<DeadLetter>, EngineError> {
        // To the script, no id is every id.
        if id.is_empty() {
            return Ok(None);
        }
        Ok(self.letters(1, id).await?.pop())
    }

    async fn retry(&self, id: &str) -> Result<bool, EngineError> {
        let Some(letter) = self.find(id).await? else { return Ok(false) };
        let mut invocation = script::of(&RETRY, &self.served);
        invocation.arg(id).arg(without_expiry(&letter.body).unwrap_or_default());
        Ok(self.call(&self.served, &invocation).await?)
    }

    async fn remove(&self, id: &str) -> Result<bool, EngineError> {
        let mut invocation = script::of(&REMOVE, &self.served);
        invocation.arg(id);
        Ok(self.call(&self.served, &invocation).await?)
    }
}

impl Redis {
    async fn letters(&self, at_most: usize, wanted: &str) -> Result<Vec<DeadLetter>, EngineError> {
        let mut invocation = script::of(&LETTERS, &self.served);
        invocation.arg(at_most).arg(wanted);
        let letters: Vec<Letter> = self.call(&self.served, &invocation).await?;
        Ok(letters.into_iter().map(|letter| self.letter(letter)).collect())
    }

    fn letter(&self, (queue, id, body, result, attempts, since): Letter) -> DeadLetter {
        let task = Envelope::from_json(&body).ok().map(|envelope| envelope.task().to_owned());
        let letter = DeadLetter {
            id: String::from_utf8_lossy(&id).into_owned(),
            queue: self.served.names[queue].clone(),
            task,
            body,
            reason: reason(&result),
            attempts,
            since: UNIX_EPOCH + Duration::try_from_secs_f64(since).unwrap_or_default(),
        };
        letter.plain()
    }
}

/// The reason in a job's result; the whole result, where it is not of apalis' form.
fn reason(result: &[u8]) -> String {
    match serde_json::from_slice(result) {
        Ok(Value::Object(mut result)) if result.contains_key("Err") => match result.remove("Err") {
            Some(Value::String(reason)) => reason,
            other => other.unwrap_or_default().to_string(),
        },
        _ => String::from_utf8_lossy(result).into_owned(),
    }
}

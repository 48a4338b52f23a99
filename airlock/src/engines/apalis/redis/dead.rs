//! Dead letters: jobs that apalis counts as dead, with the reason as their result.

use std::collections::BTreeSet;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::Value;

use crate::engines::apalis::redis::Redis;
use crate::engines::apalis::redis::script::{self, LETTERS, REMOVE, RETRY, SCAN_DEAD};
use crate::engines::shared::redis::{BODY_GONE, letter_gone, was_there};
use crate::envelope::{Envelope, without_expiry};
use crate::worker::engine_error::EngineError;
use crate::worker::{DeadLetter, DeadLetters};

/// How many letters a script looks at, which takes the server some milliseconds: others wait for it meanwhile.
const IN_STEP: usize = 500;

/// How many bytes of letters a script returns.
const BYTES_IN_STEP: usize = 16 << 20;

/// Queue, id, body unless Redis has removed it, result, attempts, and since when.
type Letter = (usize, Vec<u8>, Option<Vec<u8>>, Vec<u8>, u32, String);

/// Since when it is dead, the id, and the queue: the oldest is the first.
type Place = (Duration, Vec<u8>, usize);

/// Those of the queues that the handle serves; apalis' own workers leave theirs here too.
impl DeadLetters for Redis {
    async fn list(&self, at_most: usize) -> Result<Vec<DeadLetter>, EngineError> {
        let mut letters = Vec::new();
        let places: Vec<_> = self.oldest(at_most).await?.into_iter().collect();
        let mut rest = &*places;
        while !rest.is_empty() {
            let (looked_at, found) = self.letters(&rest[..rest.len().min(IN_STEP)]).await?;
            letters.extend(found.into_iter().map(|letter| self.letter(letter)));
            rest = &rest[looked_at.clamp(1, rest.len())..];
        }
        Ok(letters)
    }

    async fn find(&self, id: &str) -> Result<Option<DeadLetter>, EngineError> {
        Ok(self.kept(id).await?.map(|letter| self.letter(letter)))
    }

    async fn retry(&self, id: &str) -> Result<bool, EngineError> {
        let Some((.., body, _, _, _)) = self.kept(id).await? else { return Ok(false) };
        let body = body.ok_or_else(|| letter_gone(id))?;
        let mut invocation = script::of(&RETRY, &self.served);
        invocation.arg(id).arg(without_expiry(&body).unwrap_or_default());
        was_there(id, self.call(&self.served, &invocation).await?)
    }

    async fn remove(&self, id: &str) -> Result<bool, EngineError> {
        let mut invocation = script::of(&REMOVE, &self.served);
        invocation.arg(id);
        Ok(self.call(&self.served, &invocation).await?)
    }
}

impl Redis {
    /// The places of the oldest letters. apalis keeps them in no order, so all are looked at, step by step.
    async fn oldest(&self, at_most: usize) -> Result<BTreeSet<Place>, EngineError> {
        let mut oldest = BTreeSet::new();
        for queue in 0..self.served.names.len() {
            let mut cursor = "0".to_owned();
            loop {
                let mut invocation = script::of(&SCAN_DEAD, &self.served);
                invocation.arg(queue).arg(&cursor).arg(IN_STEP);
                let (next, found): (String, Vec<(Vec<u8>, String)>) =
                    self.call(&self.served, &invocation).await?;
                for (id, since) in found {
                    oldest.insert((time(&since), id, queue));
                    if oldest.len() > at_most {
                        oldest.pop_last();
                    }
                }
                if next == "0" {
                    break;
                }
                cursor = next;
            }
        }
        Ok(oldest)
    }

    /// How many of these letters were looked at, and those that are there.
    async fn letters(&self, places: &[Place]) -> Result<(usize, Vec<Letter>), EngineError> {
        let mut invocation = script::of(&LETTERS, &self.served);
        invocation.arg(BYTES_IN_STEP);
        for (_, id, queue) in places {
            invocation.arg(queue).arg(id);
        }
        Ok(self.call(&self.served, &invocation).await?)
    }

    /// The letter of this id, in whichever queue it is.
    async fn kept(&self, id: &str) -> Result<Option<Letter>, EngineError> {
        for queue in 0..self.served.names.len() {
            let place = (Duration::ZERO, id.as_bytes().to_vec(), queue);
            let (_, mut found) = self.letters(&[place]).await?;
            if let Some(letter) = found.pop() {
                return Ok(Some(letter));
            }
        }
        Ok(None)
    }

    fn letter(&self, (queue, id, body, result, attempts, since): Letter) -> DeadLetter {
        let mut reason = reason(&result);
        if body.is_none() {
            let before = if reason.is_empty() { "" } else { "; " };
            reason = format!("{reason}{before}{BODY_GONE}");
        }
        let body = body.unwrap_or_default();
        let task = Envelope::from_json(&body).ok().map(|envelope| envelope.task().to_owned());
        let letter = DeadLetter {
            id: String::from_utf8_lossy(&id).into_owned(),
            queue: self.served.names[queue].clone(),
            task,
            body,
            reason,
            attempts,
            since: UNIX_EPOCH + time(&since),
        };
        letter.plain()
    }
}

/// A time in seconds.
fn time(seconds: &str) -> Duration {
    let seconds = seconds.parse().unwrap_or_default();
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
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

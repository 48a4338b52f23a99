//! Dead letters in Redis.

use std::time::SystemTime;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::core::task::called::BoxError;
use crate::engines::celery::Redis;
use crate::engines::celery::redis::message::Opened;
use crate::engines::celery::redis::{RedisReceipt, keys};
use crate::worker::engine_error::EngineError;
use crate::worker::{DeadLetter, DeadLetters};

/// A dead letter as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// In base64, for it need not be a text.
    message: String,
    reason: String,
    attempts: u32,
    #[serde(with = "crate::envelope::time")]
    since: SystemTime,
    /// Which of the queue's lists it came from, counted from 1.
    list: usize,
}

/// What is kept of a message that died.
pub(super) fn letter(receipt: &RedisReceipt, reason: &str) -> Vec<u8> {
    let kept = Kept {
        message: BASE64_STANDARD.encode(&receipt.raw),
        reason: reason.to_owned(),
        attempts: receipt.attempt,
        since: SystemTime::now(),
        list: receipt.list,
    };
    // Every field is a string or a number, and the time is that of a clock.
    serde_json::to_vec(&kept).unwrap_or_default()
}

/// The ids, the oldest first, each followed by what is kept. Keys: dead letters and since when they
/// are. Argument: how many at most.
const LIST: &str = "
local found = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, ARGV[1] - 1)) do
  local kept = redis.call('HGET', KEYS[1], id)
  if kept then found[#found + 1] = { id, kept } end
end
return found
";

/// Removes one, and pushes what it is replaced by. Keys: dead letters, since when they are, and a list.
/// Arguments: id, and the message; nothing where it is not to be tried again.
const REMOVE: &str = "
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('ZREM', KEYS[2], ARGV[1])
if ARGV[2] then redis.call('LPUSH', KEYS[3], ARGV[2]) end
return 1
";

impl Kept {
    fn message(&self) -> Vec<u8> {
        BASE64_STANDARD.decode(&self.message).unwrap_or_default()
    }

    fn open(self, id: String, queue: &str) -> DeadLetter {
        let body = self.message();
        let opened = Opened::of(&body);
        DeadLetter {
            id,
            queue: queue.to_owned(),
            task: opened.headers.get("task").and_then(Value::as_str).map(str::to_owned),
            body,
            reason: self.reason,
            attempts: self.attempts,
            since: self.since,
        }
    }
}

impl Redis {
    /// The dead letter of this id, and its queue.
    async fn kept(&self, id: &str) -> Result<Option<(&str, Kept)>, BoxError> {
        let mut connection = self.server.connection().await?;
        for queue in &self.serves {
            let mut command = ::redis::cmd("HGET");
            command.arg(keys::dead(queue)).arg(id);
            match command.query_async::<Option<Vec<u8>>>(&mut connection).await {
                Ok(None) => {}
                Ok(Some(kept)) => return Ok(Some((queue, serde_json::from_slice(&kept)?))),
                Err(error) => return Err(self.server.trouble(&error).await),
            }
        }
        Ok(None)
    }

    async fn take_out(&self, id: &str, again: bool) -> Result<bool, BoxError> {
        let Some((queue, kept)) = self.kept(id).await? else { return Ok(false) };
        let list = keys::lists(queue).into_iter().nth(kept.list.saturating_sub(1));
        self.run(REMOVE, |script| {
            script.key(keys::dead(queue)).key(keys::dead_since(queue)).arg(id);
            if again {
                script.key(list.as_deref().unwrap_or(queue)).arg(anew(kept.message()));
            }
        })
        .await
    }
}

/// A message as if it had never been tried.
fn anew(message: Vec<u8>) -> Vec<u8> {
    let opened = Opened::of(&message);
    if opened.whole.is_empty() {
        return message;
    }
    // What is to be tried again is still worth running.
    let again = [("retries", json!(0)), ("eta", Value::Null), ("expires", Value::Null)];
    opened.with(again).into_bytes()
}

impl DeadLetters for Redis {
    async fn list(&self, at_most: usize) -> Result<Vec<DeadLetter>, EngineError> {
        let mut letters = Vec::new();
        for queue in &self.serves {
            let found: Vec<(String, Vec<u8>)> = self
                .run(LIST, |script| {
                    script.key(keys::dead(queue)).key(keys::dead_since(queue)).arg(at_most);
                })
                .await?;
            for (id, kept) in found {
                let kept: Kept = serde_json::from_slice(&kept).map_err(|error| {
                    EngineError::new(
                        "read the dead letter",
                        format_args!("`{id}` of {queue}"),
                        error,
                    )
                })?;
                letters.push(kept.open(id, queue));
            }
        }
        letters.sort_by_key(|letter| letter.since);
        letters.truncate(at_most);
        Ok(letters)
    }

    async fn find(&self, id: &str) -> Result<Option<DeadLetter>, EngineError> {
        let kept = self.kept(id).await?;
        Ok(kept.map(|(queue, kept)| kept.open(id.to_owned(), queue)))
    }

    async fn retry(&self, id: &str) -> Result<bool, EngineError> {
        Ok(self.take_out(id, true).await?)
    }

    async fn remove(&self, id: &str) -> Result<bool, EngineError> {
        Ok(self.take_out(id, false).await?)
    }
}

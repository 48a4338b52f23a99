//! Dead letters in Redis.

use crate::core::task::called::BoxError;
use crate::engines::celery::Redis;
use crate::engines::celery::headers::revived;
use crate::engines::celery::redis::letter::{FoundLetter, FoundMessage};
use crate::engines::celery::redis::message::StoredMessage;
use crate::engines::celery::redis::script::{FIND_DEAD, LIST_DEAD, REMOVE_DEAD};
use crate::engines::shared::redis::{letter_gone, was_there};
use crate::worker::engine_error::EngineError;
use crate::worker::{DeadLetter, DeadLetters};

/// How many letters a script returns, and how many bytes of them: others wait for it meanwhile.
const IN_STEP: usize = 1_000;
const BYTES_IN_STEP: usize = 16 << 20;

/// The id, since when, the letter, how long its message is, and the message.
type Listed = (String, String, Vec<u8>, i64, Vec<u8>);

impl Redis {
    /// The queue and the dead letter of this id.
    async fn kept(&self, id: &str) -> Result<Option<(&str, FoundLetter)>, BoxError> {
        for queue in &self.serves {
            let found: Option<(String, Vec<u8>, i64, Vec<u8>)> = self
                .run(&FIND_DEAD, |script| {
                    script
                        .key(&self.keys.dead_letters(queue)[..])
                        .arg(id)
                        .arg(StoredMessage::MAX_BYTES);
                })
                .await?;
            if let Some((since, letter, length, message)) = found {
                return Ok(Some((queue, FoundLetter::of(&since, &letter, length, message)?)));
            }
        }
        Ok(None)
    }

    async fn take_out(&self, id: &str, again: bool) -> Result<bool, BoxError> {
        let Some((queue, found)) = self.kept(id).await? else { return Ok(false) };
        let (what, message) = match found.message {
            _ if !again => ("remove", Vec::new()),
            FoundMessage::Whole(message) => ("retry", revive(&message)),
            FoundMessage::Long => ("as it is", Vec::new()),
            FoundMessage::Gone => return Err(letter_gone(id).into()),
        };
        let lists = self.keys.lists(queue);
        // There may have been more steps.
        let list = lists.get(found.kept.list.saturating_sub(1)).or(lists.last());
        let removed = self
            .run(&REMOVE_DEAD, |script| {
                script.key(&self.keys.dead_letters(queue)[..]).key(list);
                script.arg(id).arg(what).arg(message);
            })
            .await?;
        was_there(id, removed).map_err(BoxError::from)
    }

    /// Adds the oldest letters of a queue, at most so many.
    async fn list_queue(
        &self,
        queue: &str,
        at_most: usize,
        letters: &mut Vec<DeadLetter>,
    ) -> Result<(), EngineError> {
        // Of those since when the last one is dead, so many are listed.
        let (mut since, mut listed_since) = ("-inf".to_owned(), 0);
        let mut left = at_most;
        while left > 0 {
            let found: Vec<Listed> = self
                .run(&LIST_DEAD, |script| {
                    script.key(&self.keys.dead_letters(queue)[..]);
                    script.arg(&since).arg(listed_since).arg(left.min(IN_STEP));
                    script.arg(BYTES_IN_STEP).arg(StoredMessage::MAX_BYTES);
                })
                .await?;
            if found.is_empty() {
                break;
            }
            left -= found.len();
            for (id, dead_since, letter, length, message) in found {
                listed_since = if dead_since == since { listed_since + 1 } else { 1 };
                since = dead_since;
                let found = FoundLetter::of(&since, &letter, length, message).map_err(|error| {
                    let place = format_args!("`{id}` of {queue}");
                    EngineError::new("read the dead letter", place, error)
                })?;
                letters.push(found.into_letter(id, queue));
            }
        }
        Ok(())
    }
}

/// A dead letter's message as it is put back into its list.
fn revive(message: &[u8]) -> Vec<u8> {
    StoredMessage::of(message).with(revived())
}

impl DeadLetters for Redis {
    async fn list(&self, at_most: usize) -> Result<Vec<DeadLetter>, EngineError> {
        let mut letters = Vec::new();
        for queue in &self.serves {
            self.list_queue(queue, at_most, &mut letters).await?;
        }
        letters.sort_by_key(|letter| letter.since);
        letters.truncate(at_most);
        Ok(letters)
    }

    async fn find(&self, id: &str) -> Result<Option<DeadLetter>, EngineError> {
        let kept = self.kept(id).await?;
        Ok(kept.map(|(queue, kept)| kept.into_letter(id.to_owned(), queue)))
    }

    async fn retry(&self, id: &str) -> Result<bool, EngineError> {
        Ok(self.take_out(id, true).await?)
    }

    async fn remove(&self, id: &str) -> Result<bool, EngineError> {
        Ok(self.take_out(id, false).await?)
    }
}

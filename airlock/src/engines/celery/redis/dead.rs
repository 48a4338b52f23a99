//! Dead letters in Redis.

use crate::core::task::called::BoxError;
use crate::engines::celery::Redis;
use crate::engines::celery::headers::revived;
use crate::engines::celery::redis::letter::KeptLetter;
use crate::engines::celery::redis::message::StoredMessage;
use crate::engines::celery::redis::script::{LIST_DEAD, REMOVE_DEAD};
use crate::worker::engine_error::EngineError;
use crate::worker::{DeadLetter, DeadLetters};

impl Redis {
    /// The queue and the dead letter of this id.
    async fn kept(&self, id: &str) -> Result<Option<(&str, KeptLetter)>, BoxError> {
        let mut connection = self.server.connection().await?;
        for queue in &self.serves {
            let mut command = ::redis::cmd("HGET");
            command.arg(self.keys.dead(queue)).arg(id);
            match command.query_async::<Option<Vec<u8>>>(&mut connection).await {
                Ok(None) => {}
                Ok(Some(kept)) => return Ok(Some((queue, serde_json::from_slice(&kept)?))),
                Err(error) => return Err(self.server.error(&error).await),
            }
        }
        Ok(None)
    }

    async fn take_out(&self, id: &str, again: bool) -> Result<bool, BoxError> {
        let Some((queue, kept)) = self.kept(id).await? else { return Ok(false) };
        let lists = self.keys.lists(queue);
        // There may have been more steps.
        let list = lists.get(kept.list.saturating_sub(1)).or(lists.last());
        self.run(&REMOVE_DEAD, |script| {
            script.key(self.keys.dead(queue)).key(self.keys.dead_since(queue)).arg(id);
            if again {
                script.key(list).arg(revive(&kept.message()));
            }
        })
        .await
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
            let found: Vec<(String, Vec<u8>)> = self
                .run(&LIST_DEAD, |script| {
                    script.key(self.keys.dead(queue)).key(self.keys.dead_since(queue)).arg(at_most);
                })
                .await?;
            for (id, kept) in found {
                let kept: KeptLetter = serde_json::from_slice(&kept).map_err(|error| {
                    EngineError::new(
                        "read the dead letter",
                        format_args!("`{id}` of {queue}"),
                        error,
                    )
                })?;
                letters.push(kept.into_letter(id, queue));
            }
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

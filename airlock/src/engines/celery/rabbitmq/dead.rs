//! Dead letters in RabbitMQ: messages in a queue beside the one that they came from.

use crate::core::task::called::BoxError;
use crate::engines::celery::RabbitMq;
use crate::engines::celery::headers::revived;
use crate::engines::celery::rabbitmq::browse::{Browse, TakenLetter};
use crate::engines::celery::rabbitmq::forward::forward;
use crate::engines::celery::rabbitmq::letter::letter;
use crate::engines::shared::rabbitmq::{Patience, short};
use crate::worker::engine_error::EngineError;
use crate::worker::{DeadLetter, DeadLetters};

/// Each call takes letters out for a moment and puts them back where they were: two callers at the same
/// time don't see the same letters.
impl DeadLetters for RabbitMq {
    async fn list(&self, at_most: usize) -> Result<Vec<DeadLetter>, EngineError> {
        // The letters of one queue are in order, and any queue may have the oldest.
        let browse = self.browse(at_most, |_| false).await?;
        let mut letters: Vec<_> = browse.letters.iter().map(letter).collect();
        self.put_back(browse).await?;
        letters.sort_by_key(|letter| letter.since);
        letters.truncate(at_most);
        Ok(letters)
    }

    async fn find(&self, id: &str) -> Result<Option<DeadLetter>, EngineError> {
        let (mut browse, found) = self.browse_for(id).await?;
        let letter = found.as_ref().map(letter);
        browse.letters.extend(found);
        self.put_back(browse).await?;
        Ok(letter)
    }

    async fn retry(&self, id: &str) -> Result<bool, EngineError> {
        let (browse, found) = self.browse_for(id).await?;
        if let Some(found) = &found {
            let queue = short("queue", &found.queue)?;
            let room = self.broker.room_for_properties();
            let revived = forward(&found.delivery, queue, revived(), room)?;
            let published = self.broker.publish(vec![revived], Patience::Bounded).await;
            published.into_result().map_err(BoxError::from)?;
            self.acknowledge(&browse, found).await?;
        }
        self.put_back(browse).await?;
        Ok(found.is_some())
    }

    async fn remove(&self, id: &str) -> Result<bool, EngineError> {
        let (browse, found) = self.browse_for(id).await?;
        if let Some(found) = &found {
            self.acknowledge(&browse, found).await?;
        }
        self.put_back(browse).await?;
        Ok(found.is_some())
    }
}

impl RabbitMq {
    async fn acknowledge(&self, browse: &Browse, letter: &TakenLetter) -> Result<(), BoxError> {
        browse.acknowledge(letter).await.map_err(|error| self.broker.error(&error))
    }

    async fn put_back(&self, browse: Browse) -> Result<(), BoxError> {
        self.renew(&browse).await?;
        browse.put_back().await.map_err(|error| self.broker.error(&error))
    }

    /// Puts a copy in the place of each letter that a quorum queue counts the deliveries of: it would remove the letter when
    /// it was looked at too often. A copy that the broker does not take leaves the letter as it is.
    async fn renew(&self, browse: &Browse) -> Result<(), BoxError> {
        let counted = browse.letters.iter().filter_map(TakenLetter::copy_without_count);
        let (counted, copies): (Vec<_>, Vec<_>) = counted.unzip();
        if copies.is_empty() {
            return Ok(());
        }
        let published = self.broker.publish(copies, Patience::Bounded).await;
        let failed: Vec<_> = published.failures.iter().map(|(index, _)| *index).collect();
        for (index, letter) in counted.into_iter().enumerate().take(published.attempted) {
            if !failed.contains(&index) {
                self.acknowledge(browse, letter).await?;
            }
        }
        Ok(())
    }
}

//! Dead letters in RabbitMQ: messages in a queue beside the one that they came from.

use lapin::message::Delivery;

use crate::core::task::called::BoxError;
use crate::engines::celery::RabbitMq;
use crate::engines::celery::headers::revived;
use crate::engines::celery::rabbitmq::browse::Browse;
use crate::engines::celery::rabbitmq::forward::forward;
use crate::engines::celery::rabbitmq::letter::letter;
use crate::engines::shared::rabbitmq::short;
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
        let (browse, found) = self.browse_for(id).await?;
        self.put_back(browse).await?;
        Ok(found.as_ref().map(letter))
    }

    async fn retry(&self, id: &str) -> Result<bool, EngineError> {
        let (browse, found) = self.browse_for(id).await?;
        if let Some(found) = &found {
            let queue = short("queue", &letter(found).queue)?;
            let published = self.broker.publish(vec![forward(found, queue, revived())?]).await;
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
    async fn acknowledge(&self, browse: &Browse, letter: &Delivery) -> Result<(), BoxError> {
        browse.acknowledge(letter).await.map_err(|error| self.broker.error(&error))
    }

    async fn put_back(&self, browse: Browse) -> Result<(), BoxError> {
        browse.put_back().await.map_err(|error| self.broker.error(&error))
    }
}

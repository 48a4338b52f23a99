//! Dramatiq, which Python workers serve.

use airlock::BoxError;
use airlock::dramatiq::{RabbitMq, Redis};
use lapin::options::QueueDeclareOptions;
use lapin::types::{AMQPValue, FieldTable};

use super::ask::{rabbitmq, ready, redis_at};
use super::{Sender, Server};

impl Sender for RabbitMq {
    const NAME: &'static str = "dramatiq-rabbitmq";
    const SERVER: Server = Server::RabbitMq;
    const REFUSES: &'static [&'static str] = &["priority", "unique_key"];
    const ATOMIC: bool = false;

    /// Declares the queue too, and the one of its delayed messages, as Dramatiq's workers do.
    async fn on_queue(url: &str, queue: &str) -> Result<Self, BoxError> {
        let dramatiq = Self::connect(url).await?.queue(queue);
        let channel = rabbitmq(url).await.create_channel().await?;
        let durable = QueueDeclareOptions::durable();
        let mut dead = FieldTable::default();
        let text = |text: &str| AMQPValue::LongString(text.into());
        dead.insert("x-dead-letter-exchange".into(), text(""));
        dead.insert("x-dead-letter-routing-key".into(), text(&format!("{queue}.XQ")));
        for queue in [queue, &format!("{queue}.DQ")] {
            channel.queue_declare(queue.into(), durable, dead.clone()).await?;
        }
        Ok(dramatiq)
    }

    async fn held(&self, url: &str, queue: &str) -> usize {
        ready(url, &[queue.to_owned()]).await
    }
}

impl Sender for Redis {
    const NAME: &'static str = "dramatiq-redis";
    const SERVER: Server = Server::Redis;
    const REFUSES: &'static [&'static str] = &["priority"];

    async fn on_queue(url: &str, queue: &str) -> Result<Self, BoxError> {
        Ok(Self::connect(url).await?.queue(queue))
    }

    async fn held(&self, url: &str, queue: &str) -> usize {
        let queue = format!("dramatiq:{queue}");
        let held: (usize, usize) = redis::pipe()
            .llen(&queue)
            .hlen(format!("{queue}.msgs"))
            .query_async(&mut redis_at(url).await)
            .await
            .expect("lengths");
        assert_eq!(held.0, held.1, "every message has its id in the list");
        held.0
    }
}

//! Celery over RabbitMQ.

use airlock::BoxError;
use airlock::celery::RabbitMq;
use lapin::BasicProperties;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};

use super::ask::{rabbitmq, ready};
use super::{Engine, QueueOrder, Sender, Server};

impl Sender for RabbitMq {
    const NAME: &'static str = "celery-rabbitmq";
    const SERVER: Server = Server::RabbitMq;
    const REFUSES: &'static [&'static str] = &["max_attempts", "priority", "unique_key"];
    const ATOMIC: bool = false;

    async fn on_queue(url: &str, queue: &str) -> Result<Self, BoxError> {
        Ok(Self::connect(url).await?.queue(queue).declare_queues())
    }

    async fn held(&self, url: &str, queue: &str) -> usize {
        const STEPS: [u64; 10] =
            [125, 500, 2_000, 8_000, 32_000, 128_000, 512_000, 2_048_000, 8_192_000, 32_768_000];
        let mut queues = vec![queue.to_owned()];
        queues.extend(STEPS.map(|step| format!("{queue}.delay.{step}")));
        ready(url, &queues).await
    }
}

impl Engine for RabbitMq {
    const ENVELOPES: bool = false;
    const DUE_IN_ORDER: bool = false;
    const LEASES: bool = false;
    const COUNTS_DEATHS: bool = false;
    const QUEUE_ORDER: QueueOrder = QueueOrder::Any;

    fn serving(self, queues: &[&str]) -> Self {
        self.queues(queues.iter().copied())
    }

    fn looking_seldom(self) -> Self {
        // It is handed messages, and never looks.
        self
    }

    async fn put(&self, url: &str, queue: &str, body: &[u8]) {
        let connection = rabbitmq(url).await;
        let channel = connection.create_channel().await.expect("a channel");
        channel.confirm_select(ConfirmSelectOptions::default()).await.expect("confirms");
        let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
        let put = channel.basic_publish("".into(), queue.into(), options, body, properties);
        assert!(put.await.expect("sent").await.expect("answered").is_ack());
    }
}

//! Redis in the layout of apalis.

use airlock::BoxError;
use airlock::apalis::Redis;

use super::ask::redis_at;
use super::{Engine, LOST_AFTER, QueueOrder, RetriedKey, SELDOM, Sender, Server};

impl Sender for Redis {
    const NAME: &'static str = "apalis-redis";
    const SERVER: Server = Server::Redis;
    const REFUSES: &'static [&'static str] = &["priority"];

    async fn on_queue(url: &str, queue: &str) -> Result<Self, BoxError> {
        Ok(Self::connect(url).await?.queue(queue).lost_after(LOST_AFTER))
    }

    async fn held(&self, url: &str, queue: &str) -> usize {
        let held: (usize, usize) = redis::pipe()
            .hlen(format!("{queue}:data"))
            .scard(format!("{queue}:dead"))
            .query_async(&mut redis_at(url).await)
            .await
            .expect("lengths");
        held.0 - held.1
    }
}

impl Engine for Redis {
    const RETRIED_KEY: RetriedKey = RetriedKey::IfFree;
    const QUEUE_ORDER: QueueOrder = QueueOrder::EarlierFirst;

    fn serving(self, queues: &[&str]) -> Self {
        self.queues(queues.iter().copied())
    }

    fn looking_seldom(self) -> Self {
        self.poll(SELDOM)
    }

    async fn put(&self, url: &str, queue: &str, body: &[u8]) {
        let mut connection = redis_at(url).await;
        let data = format!("{queue}:data");
        let count: usize =
            redis::cmd("HLEN").arg(&data).query_async(&mut connection).await.expect("a length");
        let id = format!("put-{count}");
        let put: redis::RedisResult<()> = redis::pipe()
            .atomic()
            .hset(data, &id, body)
            .rpush(format!("{queue}:active"), &id)
            .query_async(&mut connection)
            .await;
        put.expect("pushed");
    }
}

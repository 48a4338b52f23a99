//! Celery over Redis.

use airlock::BoxError;
use airlock::celery::Redis;

use super::ask::redis_at;
use super::{Engine, LOST_AFTER, RetriedKey, SELDOM, Sender, Server};

impl Sender for Redis {
    const NAME: &'static str = "celery-redis";
    const SERVER: Server = Server::Redis;
    const REFUSES: &'static [&'static str] = &["max_attempts"];

    async fn on_queue(url: &str, queue: &str) -> Result<Self, BoxError> {
        Ok(Self::connect(url).await?.queue(queue).lost_after(LOST_AFTER))
    }

    async fn held(&self, url: &str, queue: &str) -> usize {
        let held: (usize, usize, usize) = redis::pipe()
            .llen(queue)
            .hlen(format!("{queue}.held"))
            .zcard(format!("{queue}.delayed"))
            .query_async(&mut redis_at(url).await)
            .await
            .expect("lengths");
        held.0 + held.1 + held.2
    }
}

impl Engine for Redis {
    const ENVELOPES: bool = false;
    const DUE_IN_ORDER: bool = false;
    const RETRIED_KEY: RetriedKey = RetriedKey::Dropped;
    const LETTERS_KEEP_THEIR_IDS: bool = false;

    fn serving(self, queues: &[&str]) -> Self {
        self.queues(queues.iter().copied())
    }

    fn looking_seldom(self) -> Self {
        self.poll(SELDOM)
    }

    async fn put(&self, url: &str, queue: &str, body: &[u8]) {
        let put: redis::RedisResult<()> =
            redis::cmd("LPUSH").arg(queue).arg(body).query_async(&mut redis_at(url).await).await;
        put.expect("pushed");
    }
}

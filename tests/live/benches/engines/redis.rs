//! apalis, Celery and Dramatiq over Redis.

use std::time::Duration;

use airlock::{Executor, apalis, celery, dramatiq};
use airlock_live::Sender;
use apalis_core::backend::TaskSink;
use apalis_redis::{Config, RedisStorage};
use redis::aio::MultiplexedConnection;

use crate::message::{self, Job};
use crate::pushing::{Pushing, batch};
use crate::rounds::Bench;
use crate::working::{HELD, TASKS, Working, apalis_worker, run};
use crate::{pushing, server, unique, working};

const APALIS: &str = "apalis Redis";
const CELERY: &str = "celery Redis";
const DRAMATIQ: &str = "dramatiq Redis";
const URL: &str = "AIRLOCK_REDIS_URL";

pub(crate) async fn pushing(bench: &mut Bench) {
    let Some(url) = server(bench, URL, &[APALIS, CELERY, DRAMATIQ]) else { return };
    if bench.wants(APALIS) {
        pushing::measure(bench, APALIS, Apalis(Redis::new(&url).await)).await;
    }
    if bench.wants(CELERY) {
        pushing::measure(bench, CELERY, Celery(Redis::new(&url).await)).await;
    }
    if bench.wants(DRAMATIQ) {
        pushing::measure(bench, DRAMATIQ, Dramatiq(Redis::new(&url).await)).await;
    }
}

pub(crate) async fn working(bench: &mut Bench) {
    let Some(url) = server(bench, URL, &[APALIS, CELERY]) else { return };
    if bench.wants(APALIS) {
        working::measure(bench, APALIS, Apalis(Redis::new(&url).await)).await;
    }
    if bench.wants(CELERY) {
        let celery = Celery(Redis::new(&url).await);
        working::measure_alone(bench, CELERY, async || {
            batch(celery.0.ours.clone(), TASKS.into()).await;
            run(celery.0.ours.clone()).await
        })
        .await;
    }
}

/// One queue, with our handle on it and a connection.
struct Redis<E> {
    ours: E,
    url: String,
    queue: String,
    connection: MultiplexedConnection,
}

impl<E: Sender> Redis<E> {
    async fn new(url: &str) -> Self {
        let queue = unique::name();
        let ours = E::on_queue(url, &queue).await.expect("connected");
        let client = redis::Client::open(url).expect("a URL");
        let connection = client.get_multiplexed_async_connection().await.expect("connected");
        Self { ours, url: url.to_owned(), queue, connection }
    }

    async fn held(&self) -> u64 {
        self.ours.held(&self.url, &self.queue).await as u64
    }

    /// Removes every key with the queue's name in it.
    async fn empty(&self) {
        const EMPTY: &str = "
            local cursor = '0'
            repeat
                local found = redis.call('SCAN', cursor, 'MATCH', ARGV[1], 'COUNT', 1000)
                cursor = found[1]
                for _, key in ipairs(found[2]) do redis.call('DEL', key) end
            until cursor == '0'";
        let emptied: redis::RedisResult<()> = redis::cmd("EVAL")
            .arg(EMPTY)
            .arg(0)
            .arg(format!("*{}*", self.queue))
            .query_async(&mut self.connection.clone())
            .await;
        emptied.expect("emptied");
    }
}

struct Apalis(Redis<apalis::Redis>);

impl Apalis {
    fn storage(&self) -> RedisStorage<Job, MultiplexedConnection> {
        let config = Config::default().queue(&self.0.queue).batch_size(HELD);
        RedisStorage::new(self.0.connection.clone()).with_config(config)
    }
}

impl Pushing for Apalis {
    async fn theirs(&self, count: u64) {
        self.storage().push_bulk((0..count).map(Job::new).collect()).await.expect("pushed");
    }

    async fn held(&self) -> u64 {
        self.0.held().await
    }

    async fn empty(&self) {
        self.0.empty().await;
    }

    fn ours(&self) -> impl Executor + Clone {
        self.0.ours.clone()
    }
}

impl Working for Apalis {
    async fn ours(&self) -> Duration {
        batch(self.0.ours.clone(), TASKS.into()).await;
        let time = run(self.0.ours.clone()).await;
        self.0.empty().await;
        time
    }

    async fn theirs(&self) -> Duration {
        Pushing::theirs(self, TASKS.into()).await;
        let time = apalis_worker!(self.storage());
        self.0.empty().await;
        time
    }
}

struct Celery(Redis<celery::Redis>);

impl Pushing for Celery {
    async fn theirs(&self, count: u64) {
        let mut push = redis::cmd("LPUSH");
        push.arg(&self.0.queue);
        for order_id in 0..count {
            push.arg(message::celery_over_redis(order_id, &self.0.queue));
        }
        let _: usize = push.query_async(&mut self.0.connection.clone()).await.expect("pushed");
    }

    async fn held(&self) -> u64 {
        self.0.held().await
    }

    async fn empty(&self) {
        self.0.empty().await;
    }

    fn ours(&self) -> impl Executor + Clone {
        self.0.ours.clone()
    }
}

struct Dramatiq(Redis<dramatiq::Redis>);

impl Pushing for Dramatiq {
    async fn theirs(&self, count: u64) {
        let queue = format!("dramatiq:{}", self.0.queue);
        let (mut keep, mut push) = (redis::cmd("HSET"), redis::cmd("RPUSH"));
        keep.arg(format!("{queue}.msgs"));
        push.arg(&queue);
        for order_id in 0..count {
            let (id, message) = message::dramatiq(order_id, &self.0.queue, true);
            let id = id.to_string();
            keep.arg(&id).arg(message);
            push.arg(id);
        }
        let mut both = redis::pipe();
        both.atomic().add_command(keep).add_command(push);
        let _: (usize, usize) =
            both.query_async(&mut self.0.connection.clone()).await.expect("pushed");
    }

    async fn held(&self) -> u64 {
        self.0.held().await
    }

    async fn empty(&self) {
        self.0.empty().await;
    }

    fn ours(&self) -> impl Executor + Clone {
        self.0.ours.clone()
    }
}

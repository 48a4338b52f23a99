//! apalis, Celery and Dramatiq over Redis.

use std::time::Duration;

use airlock::{apalis, celery, dramatiq};
use airlock_live::Sender;
use apalis_core::backend::TaskSink;
use apalis_redis::{Config, RedisStorage};
use redis::aio::MultiplexedConnection;

use crate::message::{self, Job};
use crate::pushing::Pushing;
use crate::queue::Queue;
use crate::rounds::Bench;
use crate::working::{HELD, TASKS, Working, apalis_worker};
use crate::{pushing, server, unique, working};

const APALIS: &str = "apalis Redis";
const CELERY: &str = "celery Redis";
const DRAMATIQ: &str = "dramatiq Redis";
const URL: &str = "AIRLOCK_REDIS_URL";

pub(crate) async fn pushing(bench: &mut Bench) {
    let Some(url) = server(bench, URL, &[APALIS, CELERY, DRAMATIQ]) else { return };
    measure::<apalis::Redis>(bench, APALIS, &url).await;
    measure::<celery::Redis>(bench, CELERY, &url).await;
    measure::<dramatiq::Redis>(bench, DRAMATIQ, &url).await;
}

async fn measure<E: Bulk>(bench: &mut Bench, name: &str, url: &str) {
    if bench.wants(name) {
        pushing::measure(bench, name, &Redis::<E>::new(url).await).await;
    }
}

pub(crate) async fn working(bench: &mut Bench) {
    let Some(url) = server(bench, URL, &[APALIS, CELERY]) else { return };
    if bench.wants(APALIS) {
        working::measure(bench, APALIS, &Redis::<apalis::Redis>::new(&url).await).await;
    }
    if bench.wants(CELERY) {
        working::measure_alone(bench, CELERY, &Redis::<celery::Redis>::new(&url).await).await;
    }
}

/// One queue, with a connection.
struct Redis<E> {
    queue: Queue<E>,
    connection: MultiplexedConnection,
}

/// How the engine's own client sends many messages.
trait Bulk: Sender {
    async fn push(redis: &Redis<Self>, count: u64);
}

impl<E: Sender> Redis<E> {
    async fn new(url: &str) -> Self {
        let queue = Queue::open(url, &unique::name()).await;
        let client = redis::Client::open(url).expect("a URL");
        let connection = client.get_multiplexed_async_connection().await.expect("connected");
        Self { queue, connection }
    }
}

impl<E: Bulk> Pushing for Redis<E> {
    type Ours = E;

    async fn theirs(&self, count: u64) {
        E::push(self, count).await;
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
            .arg(format!("*{}*", self.queue.name))
            .query_async(&mut self.connection.clone())
            .await;
        emptied.expect("emptied");
    }

    fn queue(&self) -> &Queue<E> {
        &self.queue
    }
}

fn storage(redis: &Redis<apalis::Redis>) -> RedisStorage<Job, MultiplexedConnection> {
    let config = Config::default().queue(&redis.queue.name).batch_size(HELD);
    RedisStorage::new(redis.connection.clone()).with_config(config)
}

impl Bulk for apalis::Redis {
    async fn push(redis: &Redis<Self>, count: u64) {
        storage(redis).push_bulk((0..count).map(Job::new).collect()).await.expect("pushed");
    }
}

impl Working for Redis<apalis::Redis> {
    async fn their_worker(&self) -> Duration {
        apalis_worker!(storage(self))
    }
}

impl Bulk for celery::Redis {
    async fn push(redis: &Redis<Self>, count: u64) {
        let queue = &redis.queue.name;
        let mut push = redis::cmd("LPUSH");
        push.arg(queue);
        for order_id in 0..count {
            push.arg(message::celery_over_redis(order_id, queue));
        }
        let _: usize = push.query_async(&mut redis.connection.clone()).await.expect("pushed");
    }
}

impl Bulk for dramatiq::Redis {
    async fn push(redis: &Redis<Self>, count: u64) {
        let queue = format!("dramatiq:{}", redis.queue.name);
        let (mut keep, mut push) = (redis::cmd("HSET"), redis::cmd("RPUSH"));
        keep.arg(format!("{queue}.msgs"));
        push.arg(&queue);
        for order_id in 0..count {
            let (id, message) = message::dramatiq(order_id, &redis.queue.name, true);
            let id = id.to_string();
            keep.arg(&id).arg(message);
            push.arg(id);
        }
        let mut both = redis::pipe();
        both.atomic().add_command(keep).add_command(push);
        let _: (usize, usize) =
            both.query_async(&mut redis.connection.clone()).await.expect("pushed");
    }
}

//! The engines, as far as a fault has to know them.

use std::time::Duration;

use airlock::worker::{DeadLetters, Source};
use airlock::{BoxError, Executor, apalis, celery, dramatiq, graphile};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Connection, ConnectionProperties};
use redis::aio::MultiplexedConnection;

/// What an engine keeps its messages in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// A file.
    File,
    /// PostgreSQL.
    Postgres,
    /// Redis.
    Redis,
    /// RabbitMQ.
    RabbitMq,
}

/// How soon a worker that says nothing is lost, where an engine asks.
const LOST_AFTER: Duration = Duration::from_secs(3);

/// An engine that can be sent to, and be asked behind airlock's back what it holds.
pub trait Sender: Executor + Clone {
    /// How it is called here.
    const NAME: &'static str;

    /// Where it keeps its messages.
    const SERVER: Server;

    /// A handle on one queue.
    fn on_queue(url: &str, queue: &str) -> impl Future<Output = Result<Self, BoxError>> + Send;

    /// How many messages of the queue are to be run, as the server itself says.
    fn held(&self, url: &str, queue: &str) -> impl Future<Output = usize> + Send;
}

/// An engine that Rust workers serve.
pub trait Engine: Sender + Source + DeadLetters {
    /// Whether its messages may be anything, and not only JSON.
    const TAKES_ANYTHING: bool = true;

    /// Puts a message into the queue that airlock did not write.
    fn put(&self, url: &str, queue: &str, body: &str) -> impl Future<Output = ()> + Send;
}

impl Sender for apalis::Sqlite {
    const NAME: &'static str = "apalis-sqlite";
    const SERVER: Server = Server::File;

    async fn on_queue(url: &str, queue: &str) -> Result<Self, BoxError> {
        let jobs = Self::connect(url).await?.queue(queue).lost_after(LOST_AFTER);
        jobs.setup().await?;
        Ok(jobs)
    }

    async fn held(&self, _: &str, queue: &str) -> usize {
        let held = "SELECT count(*) FROM Jobs
            WHERE job_type = ? AND status NOT IN ('Done', 'Killed')";
        let held: i64 =
            sqlx::query_scalar(held).bind(queue).fetch_one(self.pool()).await.expect("a count");
        usize::try_from(held).expect("a count")
    }
}

impl Engine for apalis::Sqlite {
    async fn put(&self, _: &str, queue: &str, body: &str) {
        let put = "INSERT INTO Jobs (id, job_type, job) VALUES (hex(randomblob(13)), ?, ?)";
        sqlx::query(put)
            .bind(queue)
            .bind(body.as_bytes())
            .execute(self.pool())
            .await
            .expect("a row");
    }
}

impl Sender for apalis::Postgres {
    const NAME: &'static str = "apalis-postgres";
    const SERVER: Server = Server::Postgres;

    async fn on_queue(url: &str, queue: &str) -> Result<Self, BoxError> {
        let jobs = Self::connect(url).await?.queue(queue).lost_after(LOST_AFTER);
        jobs.setup().await?;
        Ok(jobs)
    }

    async fn held(&self, url: &str, queue: &str) -> usize {
        let held = "SELECT count(*) FROM apalis.jobs
            WHERE job_type = $1 AND status NOT IN ('Done', 'Killed')";
        count(url, held, queue).await
    }
}

impl Engine for apalis::Postgres {
    async fn put(&self, _: &str, queue: &str, body: &str) {
        let put = "INSERT INTO apalis.jobs (id, job_type, job, run_at)
            VALUES (upper(substr(md5(random()::text), 1, 26)), $1, $2, now())";
        sqlx::query(put)
            .bind(queue)
            .bind(body.as_bytes())
            .execute(self.pool())
            .await
            .expect("a row");
    }
}

impl Sender for apalis::Redis {
    const NAME: &'static str = "apalis-redis";
    const SERVER: Server = Server::Redis;

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

impl Engine for apalis::Redis {
    async fn put(&self, url: &str, queue: &str, body: &str) {
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

impl Sender for graphile::Graphile {
    const NAME: &'static str = "graphile";
    const SERVER: Server = Server::Postgres;

    async fn on_queue(url: &str, queue: &str) -> Result<Self, BoxError> {
        let jobs = Self::connect(url).await?.queue(queue).lost_after(LOST_AFTER);
        jobs.setup().await?;
        Ok(jobs)
    }

    async fn held(&self, url: &str, queue: &str) -> usize {
        let held = "SELECT count(*)
            FROM graphile_worker._private_jobs AS jobs
                JOIN graphile_worker._private_tasks AS tasks ON tasks.id = task_id
            WHERE identifier = $1 AND attempts < max_attempts";
        count(url, held, &format!("airlock:{queue}")).await
    }
}

impl Engine for graphile::Graphile {
    const TAKES_ANYTHING: bool = false;

    async fn put(&self, _: &str, queue: &str, body: &str) {
        let put = "SELECT graphile_worker.add_job($1, $2::json)";
        let put = sqlx::query(put).bind(format!("airlock:{queue}")).bind(body);
        put.execute(self.pool()).await.expect("added");
    }
}

impl Sender for celery::RabbitMq {
    const NAME: &'static str = "celery-rabbitmq";
    const SERVER: Server = Server::RabbitMq;

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

impl Engine for celery::RabbitMq {
    async fn put(&self, url: &str, queue: &str, body: &str) {
        let connection = rabbitmq(url).await;
        let channel = connection.create_channel().await.expect("a channel");
        channel.confirm_select(ConfirmSelectOptions::default()).await.expect("confirms");
        let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
        let put =
            channel.basic_publish("".into(), queue.into(), options, body.as_bytes(), properties);
        assert!(put.await.expect("sent").await.expect("answered").is_ack());
    }
}

impl Sender for celery::Redis {
    const NAME: &'static str = "celery-redis";
    const SERVER: Server = Server::Redis;

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

impl Engine for celery::Redis {
    async fn put(&self, url: &str, queue: &str, body: &str) {
        let put: redis::RedisResult<()> =
            redis::cmd("LPUSH").arg(queue).arg(body).query_async(&mut redis_at(url).await).await;
        put.expect("pushed");
    }
}

impl Sender for dramatiq::RabbitMq {
    const NAME: &'static str = "dramatiq-rabbitmq";
    const SERVER: Server = Server::RabbitMq;

    /// Declares the queue too, as Dramatiq's workers do.
    async fn on_queue(url: &str, queue: &str) -> Result<Self, BoxError> {
        let channel = rabbitmq(url).await.create_channel().await?;
        let durable = QueueDeclareOptions::durable();
        channel.queue_declare(queue.into(), durable, FieldTable::default()).await?;
        Ok(Self::connect(url).await?.queue(queue))
    }

    async fn held(&self, url: &str, queue: &str) -> usize {
        ready(url, &[queue.to_owned()]).await
    }
}

impl Sender for dramatiq::Redis {
    const NAME: &'static str = "dramatiq-redis";
    const SERVER: Server = Server::Redis;

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

async fn count(url: &str, statement: &'static str, queue: &str) -> usize {
    use sqlx::Connection as _;
    let mut connection = sqlx::PgConnection::connect(url).await.expect("connected");
    let count: i64 = sqlx::query_scalar(statement)
        .bind(queue)
        .fetch_one(&mut connection)
        .await
        .expect("a count");
    usize::try_from(count).expect("a count")
}

/// How many messages of these queues nobody has taken; none where there is no such queue.
async fn ready(url: &str, queues: &[String]) -> usize {
    let connection = rabbitmq(url).await;
    let mut ready = 0;
    for queue in queues {
        // One that is not there ends its channel.
        let channel = connection.create_channel().await.expect("a channel");
        let there = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let declared =
            channel.queue_declare(queue.as_str().into(), there, FieldTable::default()).await;
        ready += declared.map_or(0, |declared| declared.message_count() as usize);
    }
    ready
}

async fn rabbitmq(url: &str) -> Connection {
    Connection::connect(url, ConnectionProperties::default()).await.expect("connected")
}

async fn redis_at(url: &str) -> MultiplexedConnection {
    let client = redis::Client::open(url).expect("a URL");
    client.get_multiplexed_async_connection().await.expect("connected")
}

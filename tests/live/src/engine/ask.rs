//! What a server holds, asked behind airlock's back.

use std::time::Duration;

use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties};
use redis::AsyncConnectionConfig;
use redis::aio::MultiplexedConnection;

pub(super) async fn count(url: &str, statement: &'static str, queue: &str) -> usize {
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
pub(super) async fn ready(url: &str, queues: &[String]) -> usize {
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

pub(super) async fn rabbitmq(url: &str) -> Connection {
    Connection::connect(url, ConnectionProperties::default()).await.expect("connected")
}

pub(super) async fn redis_at(url: &str) -> MultiplexedConnection {
    let client = redis::Client::open(url).expect("a URL");
    // A message of many megabytes takes its time.
    let minute = Some(Duration::from_mins(1));
    let patient =
        AsyncConnectionConfig::new().set_connection_timeout(minute).set_response_timeout(minute);
    client.get_multiplexed_async_connection_with_config(&patient).await.expect("connected")
}

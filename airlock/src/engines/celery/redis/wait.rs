//! Waiting for messages, on connections of their own.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use ::redis::aio::MultiplexedConnection;
use ::tokio::sync::Mutex;
use ::tokio::time::sleep;

use crate::core::task::called::BoxError;
use crate::engines::celery::Redis;

/// How long the server is asked to block: less than a connection waits for an answer.
const MAX_BLOCK: Duration = Duration::from_secs(10);

/// How long a worker does not listen after it has lost a connection.
const RECONNECT_DELAY: Duration = Duration::from_millis(250);

/// Connections that wait for messages, by queue: one that waits can do nothing else.
#[derive(Default)]
pub(super) struct Waiting(Mutex<HashMap<String, MultiplexedConnection>>);

impl Redis {
    /// Returns when there is a message in a queue's first list, or after the poll interval.
    pub(super) async fn wait_for_messages(&self) {
        let mut waiting = self.consumer.waiting.0.lock().await;
        // `receive` reports what is wrong with the server.
        if self.connect_waiting(&mut waiting).await.is_err() {
            return self.pause().await;
        }
        let mut waits: Vec<Pin<Box<dyn Future<Output = bool> + Send + '_>>> = waiting
            .iter_mut()
            .map(|(queue, connection)| Box::pin(self.wait_for(queue, connection)) as _)
            .collect();
        let first = poll_fn(|cx| {
            let ready = waits.iter_mut().map(|wait| wait.as_mut().poll(cx));
            ready.into_iter().find(Poll::is_ready).unwrap_or(Poll::Pending)
        });
        let is_connected = first.await;
        drop(waits);
        if !is_connected {
            waiting.clear();
            self.pause().await;
        }
    }

    /// Connects once for each served queue.
    async fn connect_waiting(
        &self,
        waiting: &mut HashMap<String, MultiplexedConnection>,
    ) -> Result<(), BoxError> {
        for queue in &self.serves {
            if !waiting.contains_key(queue) {
                waiting.insert(queue.clone(), self.server.new_connection().await?);
            }
        }
        Ok(())
    }

    async fn pause(&self) {
        sleep(RECONNECT_DELAY.min(self.poll)).await;
    }

    /// Returns when there is a message in a queue's first list, or after the poll interval; whether the
    /// connection is still good.
    async fn wait_for(&self, queue: &str, connection: &mut MultiplexedConnection) -> bool {
        let end = Instant::now() + self.poll;
        let list = self.keys.list(queue, self.keys.priority_steps[0]);
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            // The command puts a message back to the place that it takes it from: nothing moves. A time-out
            // of zero would block for ever.
            let block = left.clamp(Duration::from_millis(1), MAX_BLOCK).as_secs_f64();
            let mut command = ::redis::cmd("BLMOVE");
            command.arg(&list).arg(&list).arg("RIGHT").arg("RIGHT").arg(block);
            match command.query_async(connection).await {
                Ok(::redis::Value::Nil) => {}
                Ok(_) => return true,
                Err(_) => return false,
            }
        }
    }
}

//! Celery: unmodified Python workers run tasks that Rust code enqueued, and Rust workers run tasks
//! that Python code sent, over RabbitMQ or Redis.
//!
//! Messages are Celery's own, protocol 2, with JSON in them. Names and parameters are the same on
//! both sides: `#[airlock::task(name = "mail.confirmation")] fn send_mail(order_id: u64)` runs
//! `@app.task(name="mail.confirmation") def send_mail(order_id)`, and
//! `app.send_task("mail.confirmation", kwargs={"order_id": 42})`, or `args=[42]`, runs the Rust
//! function in an airlock [worker](mod@crate::worker).
//!
//! # Options
//!
//! | option | over RabbitMQ | over Redis |
//! | --- | --- | --- |
//! | `queue` | yes | yes |
//! | `delay`, `at` | yes: `eta`, until which a worker holds the message | yes, likewise |
//! | `expires` | yes | yes |
//! | `priority` | with `max_priority` | yes, in Celery's steps, four unless told otherwise |
//! | `max_attempts` | refused: with Celery, the task itself limits its attempts | refused, likewise |
//! | `unique_key` | refused | yes, within its queue: released when a Rust worker is done, or after the time of `unique_for` |
//!
//! # Guarantees
//!
//! An intent is delivered at least once. An intent that was handed back because the connection broke
//! half-way may have arrived all the same: the error says so.
//!
//! The messages of a killed Rust worker are redelivered: by RabbitMQ as soon as the connection is lost,
//! over Redis after `lost_after`. Over Redis the attempts that have begun count; over RabbitMQ they don't,
//! because the broker does not know which have.
//!
//! # What a Rust worker makes of Python's messages
//!
//! - Positional arguments become the task's parameters in order.
//! - `eta`, `expires` and `retries` are supported. The worker sets them for the next attempt, which a Python
//!   worker may make as well.
//! - `time_limit` is each attempt's time-out, where it is shorter than the worker's own;
//!   `soft_time_limit` is ignored.
//! - The result is dropped: `reply_to` is ignored.
//! - A message with unsupported content becomes a dead letter that says so: another serializer than JSON,
//!   compression, protocol 1, and `link`, `link_error`, `chain` or `chord`, whose next task would never
//!   run.

mod body;
mod fields;
mod headers;
#[cfg(feature = "celery-rabbitmq")]
mod rabbitmq;
mod received;
#[cfg(feature = "celery-redis")]
mod redis;
mod sent;
mod settings;

#[cfg(feature = "celery-rabbitmq")]
pub use rabbitmq::{RabbitMq, RabbitMqReceipt};
#[cfg(feature = "celery-redis")]
pub use redis::{Redis, RedisReceipt};

#[cfg(feature = "_fuzz")]
pub(crate) mod fuzz {
    pub use super::rabbitmq::fuzz::{celery_rabbitmq, headers_as_json, headers_of_json};
    pub use super::redis::fuzz::celery_redis;
}

const DEFAULT_QUEUE: &str = "celery";

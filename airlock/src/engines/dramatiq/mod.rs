//! Dramatiq: unmodified Python workers run tasks that Rust code enqueued, over RabbitMQ or Redis.
//!
//! A task's name is the actor's name, and its arguments are the actor's keyword arguments:
//! `#[airlock::task(name = "send_mail")] fn send_mail(order_id: u64)` runs
//! `@dramatiq.actor def send_mail(order_id)`. A Rust function with no body of its own stands for an
//! actor that only Python has.
//!
//! | option | over RabbitMQ | over Redis |
//! | --- | --- | --- |
//! | `queue` | yes | yes |
//! | `delay`, `at` | yes: the worker holds the message until then | yes, likewise |
//! | `expires` | yes: `max_age`, which the middleware `AgeLimit` looks at | yes, likewise |
//! | `priority` | with `max_priority`, as the broker's | refused |
//! | `max_attempts` | yes: `max_retries`, which the middleware `Retries` looks at | yes, likewise |
//! | `unique_key` | refused | yes, within its queue and for a time: the key is not released when the job is done |
//!
//! Both middlewares are among Dramatiq's defaults. An intent is delivered at least once. An intent that was
//! handed back because the connection broke half-way may have arrived all the same: the error says so.

mod message;
mod queue_name;
#[cfg(feature = "dramatiq-rabbitmq")]
mod rabbitmq;
#[cfg(feature = "dramatiq-redis")]
mod redis;

#[cfg(feature = "dramatiq-rabbitmq")]
pub use rabbitmq::RabbitMq;
#[cfg(feature = "dramatiq-redis")]
pub use redis::Redis;

const DEFAULT_QUEUE: &str = "default";

/// What the fuzzing targets write an envelope by.
#[cfg(feature = "_fuzz")]
pub(crate) mod fuzz {
    use super::message::DramatiqMessage;
    use crate::envelope::Envelope;

    /// The message of an envelope.
    pub fn dramatiq(envelope: &Envelope) -> Vec<u8> {
        let mut json = Vec::new();
        DramatiqMessage::of(envelope, "default").write(&mut json);
        json
    }
}

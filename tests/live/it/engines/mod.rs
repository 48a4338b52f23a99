//! The engines on real servers: what holds for all of them, and what is each one's own.
//!
//! What breaks for real is in `faults`.

mod apalis_postgres;
mod apalis_redis;
mod apalis_sqlite;
mod apalis_storage;
mod apalis_worker;
mod behaviours;
pub(crate) mod broker;
mod celery;
mod celery_rabbitmq;
mod celery_redis;
pub(crate) mod consumer;
mod dramatiq;
mod dramatiq_rabbitmq;
mod dramatiq_redis;
pub(crate) mod fixture;
mod graphile;
pub(crate) mod python_tasks;
mod queue_names;
mod transport_options;

use behaviours::conforms;

//! The engines on real servers: what holds for all of them, and what is each one's own.
//!
//! What breaks for real is in `faults`.

mod apalis_postgres;
mod apalis_redis;
mod apalis_sqlite;
mod apalis_storage;
mod apalis_worker;
mod behaviours;
mod broker;
mod celery;
mod celery_rabbitmq;
mod celery_redis;
mod consumer;
mod dramatiq;
mod dramatiq_rabbitmq;
mod dramatiq_redis;
mod fixture;
mod graphile;
pub(crate) mod python_tasks;

use behaviours::conforms;

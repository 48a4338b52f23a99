//! Engines keep effects until a worker runs them. Each has a handle, which is its executor and its workers' source.

#[cfg(feature = "apalis")]
pub mod apalis;
#[cfg(any(feature = "celery-rabbitmq", feature = "celery-redis"))]
pub mod celery;
#[cfg(any(feature = "dramatiq-rabbitmq", feature = "dramatiq-redis"))]
pub mod dramatiq;
#[cfg(feature = "graphile")]
pub mod graphile;
pub(crate) mod shared;

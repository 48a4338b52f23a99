//! What keeps effects until a worker runs them: a handle for each engine, which is its executor and its worker's queue.

#[cfg(feature = "apalis")]
pub mod apalis;
#[cfg(any(feature = "celery-rabbitmq", feature = "celery-redis"))]
pub mod celery;
#[cfg(any(feature = "dramatiq-rabbitmq", feature = "dramatiq-redis"))]
pub mod dramatiq;
#[cfg(feature = "graphile")]
pub mod graphile;
pub(crate) mod shared;

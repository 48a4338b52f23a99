//! What several engines share.

#[cfg(any(
    feature = "apalis-postgres",
    feature = "apalis-redis",
    feature = "apalis-sqlite",
    feature = "celery-rabbitmq",
    feature = "celery-redis",
    feature = "dramatiq-rabbitmq",
    feature = "dramatiq-redis",
    feature = "graphile"
))]
pub(crate) mod connection_runtime;
#[cfg(any(
    feature = "apalis-postgres",
    feature = "apalis-redis",
    feature = "apalis-sqlite",
    feature = "celery-rabbitmq",
    feature = "celery-redis",
    feature = "graphile"
))]
pub(crate) mod per_worker;
#[cfg(any(feature = "apalis-postgres", feature = "graphile"))]
pub(crate) mod postgres;
#[cfg(any(feature = "celery-rabbitmq", feature = "dramatiq-rabbitmq"))]
pub(crate) mod rabbitmq;
#[cfg(any(feature = "apalis-redis", feature = "celery-redis", feature = "dramatiq-redis"))]
pub(crate) mod redis;
#[cfg(any(feature = "apalis-postgres", feature = "apalis-sqlite", feature = "celery-redis"))]
pub(crate) mod round_robin;
#[cfg(any(
    feature = "apalis-postgres",
    feature = "apalis-redis",
    feature = "apalis-sqlite",
    feature = "graphile"
))]
pub(crate) mod settling;
#[cfg(any(feature = "apalis-postgres", feature = "apalis-sqlite", feature = "graphile"))]
pub(crate) mod sql;
#[cfg(any(
    feature = "apalis-postgres",
    feature = "apalis-redis",
    feature = "apalis-sqlite",
    feature = "graphile"
))]
pub(crate) mod wakeup;
#[cfg(any(
    feature = "apalis-postgres",
    feature = "apalis-redis",
    feature = "apalis-sqlite",
    feature = "graphile"
))]
pub(crate) mod worker_name;

//! What several engines have in common.

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
pub(crate) mod home;
#[cfg(any(feature = "apalis-postgres", feature = "graphile"))]
pub(crate) mod limited;
#[cfg(any(feature = "celery-rabbitmq", feature = "dramatiq-rabbitmq"))]
pub(crate) mod rabbitmq;
#[cfg(any(feature = "apalis-redis", feature = "celery-redis", feature = "dramatiq-redis"))]
pub(crate) mod redis;
#[cfg(any(feature = "apalis-postgres", feature = "apalis-sqlite", feature = "graphile"))]
pub(crate) mod sql;

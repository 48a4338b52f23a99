//! What several engines share.

#[cfg(feature = "_server")]
pub(crate) mod connect;
#[cfg(any(feature = "_broker", feature = "_sql"))]
pub(crate) mod connect_timeout;
#[cfg(feature = "_engine")]
pub(crate) mod connection_runtime;
#[cfg(feature = "_queue")]
pub(crate) mod per_worker;
#[cfg(feature = "_postgres")]
pub(crate) mod postgres;
#[cfg(feature = "_rabbitmq")]
pub(crate) mod rabbitmq;
#[cfg(feature = "_redis")]
pub(crate) mod redis;
#[cfg(any(feature = "_celery", feature = "apalis-redis"))]
pub(crate) mod refusals;
#[cfg(any(feature = "_celery", feature = "_dramatiq"))]
pub(crate) mod reserved;
#[cfg(feature = "_round-robin")]
pub(crate) mod round_robin;
#[cfg(any(feature = "_broker", feature = "_sql"))]
pub(crate) mod scheme;
#[cfg(feature = "_store")]
pub(crate) mod settling;
#[cfg(feature = "_sql")]
pub(crate) mod sql;
#[cfg(feature = "_store")]
pub(crate) mod wakeup;
#[cfg(feature = "_store")]
pub(crate) mod worker_name;

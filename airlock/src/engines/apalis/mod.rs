//! Engines in the layout of [apalis](https://docs.rs/apalis): SQLite, PostgreSQL, Redis, and any
//! storage of apalis besides.
//!
//! Each flushed intent becomes a job of apalis: its type is the queue, its arguments are an
//! [`Envelope`](crate::envelope::Envelope) as JSON. So apalis' own tools show the jobs, and its own workers
//! can run them with [`Worker::perform`](crate::worker::Worker::perform).
//!
//! | engine | is | feature |
//! | --- | --- | --- |
//! | `Sqlite` | a file, no server | `apalis-sqlite` |
//! | `Postgres` | tables beside yours | `apalis-postgres` |
//! | `Redis` | the fastest, in memory | `apalis-redis` |
//! | [`Storage`] | what implements apalis' `TaskSink`, to send to | `apalis` |
//!
//! The first three are an [`Executor`](crate::Executor), a [`Source`](crate::worker::Source) for
//! workers and a store of [`DeadLetters`](crate::worker::DeadLetters) at once.

#[cfg(feature = "apalis-postgres")]
mod postgres;
#[cfg(feature = "apalis-redis")]
mod redis;
#[cfg(feature = "_apalis-sql")]
mod sql;
#[cfg(feature = "apalis-sqlite")]
mod sqlite;
mod storage;
mod ulid;

#[cfg(feature = "apalis-postgres")]
pub use postgres::Postgres;
#[cfg(feature = "apalis-redis")]
pub use redis::{Redis, RedisReceipt};
#[cfg(feature = "_apalis-sql")]
#[cfg_attr(docsrs, doc(cfg(any(feature = "apalis-postgres", feature = "apalis-sqlite"))))]
pub use sql::SqlReceipt;
#[cfg(feature = "apalis-sqlite")]
pub use sqlite::Sqlite;
pub use storage::Storage;

/// The result of a failed job, as apalis writes it.
#[cfg(feature = "_apalis")]
fn failed_result(reason: &str) -> String {
    serde_json::json!({ "Err": reason }).to_string()
}

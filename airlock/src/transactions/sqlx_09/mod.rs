//! sqlx 0.9 with the source of all its versions.

#[cfg(feature = "_sql")]
mod connection;
mod driver;

/// Transactions of [sqlx](https://docs.rs/sqlx) 0.9 that are scopes.
#[path = "../sqlx/mod.rs"]
pub mod sqlx;

//! sqlx 0.8 with the source of all its versions.

#[cfg(feature = "_sql")]
mod connection;
mod driver;
mod sqlite;

/// Transactions of [sqlx](https://docs.rs/sqlx/0.8) 0.8 that are scopes.
///
/// All is as with sqlx 0.9, whose examples these are: write `airlock::sqlx_08` where they have `airlock::sqlx`. A queue in the
/// database opens its own pool, of sqlx 0.9: `apalis::Postgres::connect(url)`.
#[allow(clippy::duplicate_mod, reason = "two versions have one source")]
#[path = "../sqlx/mod.rs"]
pub mod sqlx;

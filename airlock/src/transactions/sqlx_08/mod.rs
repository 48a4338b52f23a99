//! sqlx 0.8 with the source of all its versions.

#[cfg(feature = "_sql")]
mod connection;
mod driver;
mod sqlite;

#[allow(clippy::duplicate_mod, reason = "two versions have one source")]
#[path = "../sqlx/mod.rs"]
pub mod sqlx;

//! sqlx 0.9 with the source of all its versions.

#[cfg(feature = "_sql")]
mod connection;
mod driver;

#[path = "../sqlx/mod.rs"]
pub mod sqlx;

//! Transactions that are scopes: what they share, and one module for each library.

#[cfg(feature = "diesel")]
pub mod diesel;
#[cfg(feature = "diesel-async")]
pub mod diesel_async;
#[cfg(feature = "_diesel")]
mod diesel_shared;
#[cfg(feature = "sea-orm")]
pub mod sea_orm;
pub mod shared;
#[cfg(feature = "sqlx")]
pub mod sqlx;

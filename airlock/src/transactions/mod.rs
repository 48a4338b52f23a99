//! Transactions that are scopes: what they share, and one module for each library.

#[cfg(feature = "diesel")]
pub mod diesel;
#[cfg(feature = "diesel-async")]
pub mod diesel_async;
#[cfg(feature = "_diesel")]
mod diesel_shared;
#[cfg(feature = "sea-orm")]
mod sea_orm_2;
pub mod shared;
#[cfg(feature = "sqlx")]
mod sqlx_09;

#[cfg(feature = "sea-orm")]
pub use sea_orm_2::sea_orm;
#[cfg(feature = "sqlx")]
pub use sqlx_09::sqlx;

//! SeaORM 2 with the source of all its versions.

mod driver;

/// Transactions of [SeaORM](https://docs.rs/sea-orm) 2 that are scopes.
#[path = "../sea_orm/mod.rs"]
pub mod sea_orm;

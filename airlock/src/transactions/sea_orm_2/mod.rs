//! SeaORM 2 with the source of all its versions.

mod driver;

#[path = "../sea_orm/mod.rs"]
pub mod sea_orm;

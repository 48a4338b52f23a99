//! SeaORM 1.1 with the source of all its versions.

mod driver;

#[allow(clippy::duplicate_mod, reason = "two versions have one source")]
#[path = "../sea_orm/mod.rs"]
pub mod sea_orm;

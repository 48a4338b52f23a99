//! SeaORM 1.1 with the source of all its versions.

mod driver;

/// Transactions of [SeaORM](https://docs.rs/sea-orm/1) 1.1 that are scopes.
///
/// All is as with SeaORM 2, whose examples these are: write `airlock::sea_orm_1` where they have `airlock::sea_orm`.
#[allow(clippy::duplicate_mod, reason = "two versions have one source")]
#[path = "../sea_orm/mod.rs"]
pub mod sea_orm;

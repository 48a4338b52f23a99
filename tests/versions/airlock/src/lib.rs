//! airlock, whose modules of older versions have the names of those of the current ones: so one suite is for both.

pub use airlock::*;
pub use airlock::{sea_orm_1 as sea_orm, sqlx_08 as sqlx};

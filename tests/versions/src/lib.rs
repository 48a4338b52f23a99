//! The suite of `tests/transactions` with older versions: sqlx 0.8 and SeaORM 1.1.

pub mod driver;
#[path = "../../transactions/src/placing.rs"]
pub mod placing;

//! A small service, before airlock and after each step of putting it in: the page `docs/adopting.md` walks through it.
//!
//! An order is placed with three effects of three kinds of importance: the customer's confirmation, which must be sent if
//! and only if the order is there; the job that packs it, in the service's own job table; and a line for a newsletter,
//! which may be lost. What the steps share is here: the mail server, the table, the error.

pub mod before;
mod error;
mod jobs;
mod smtp;
pub mod step_1_scope;
pub mod step_2_transaction;
pub mod step_3_rows;
mod stock;

pub use error::Error;
pub use jobs::{Job, work_off};
pub use smtp::Smtp;
pub use stock::{open, place, reserve};

/// What handlers have in common.
#[derive(Clone)]
pub struct Shop {
    pub pool: sqlx::SqlitePool,
    pub smtp: Smtp,
}

/// What a customer sends.
#[derive(Clone, Debug, serde::Deserialize, serde::Serialize)]
pub struct Order {
    pub item: String,
    pub email: String,
}

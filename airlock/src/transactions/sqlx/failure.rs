//! The errors of sqlx, in bodies that return a [`Failure`].

use crate::transactions::shared::Failure;

use super::driver::sqlx;

impl From<sqlx::Error> for Failure<sqlx::Error> {
    fn from(error: sqlx::Error) -> Self {
        Self::Body(error)
    }
}

//! The errors of SeaORM, in bodies that return a [`Failure`].

use crate::transactions::shared::Failure;

use super::driver::sea_orm::DbErr;

impl From<DbErr> for Failure<DbErr> {
    fn from(error: DbErr) -> Self {
        Self::Body(error)
    }
}

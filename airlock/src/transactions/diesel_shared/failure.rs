//! The errors of diesel, in bodies that return a [`Failure`].

use diesel::result::Error;

use crate::transactions::shared::Failure;

impl From<Error> for Failure<Error> {
    fn from(error: Error) -> Self {
        Self::Body(error)
    }
}

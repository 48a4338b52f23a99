//! The service's own error, which is `Clone`, as errors are that are logged and answered.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

#[derive(Clone, Debug)]
pub enum Error {
    OutOfStock,
    Mail(String),
    Database(Arc<sqlx::Error>),
    /// What airlock brings: from step 1 on.
    NotEnqueued(Arc<airlock::EnqueueError>),
    /// From step 2 on.
    Transaction(Arc<airlock::transaction::TransactionError>),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

impl From<airlock::EnqueueError> for Error {
    fn from(error: airlock::EnqueueError) -> Self {
        Self::NotEnqueued(error.into())
    }
}

impl From<airlock::transaction::TransactionError> for Error {
    fn from(error: airlock::transaction::TransactionError) -> Self {
        Self::Transaction(error.into())
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        match self {
            Self::OutOfStock => StatusCode::CONFLICT,
            Self::Transaction(error) if error.is_committed() => StatusCode::ACCEPTED,
            Self::Mail(_) | Self::Database(_) | Self::NotEnqueued(_) | Self::Transaction(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
        .into_response()
    }
}

//! What goes wrong, and what callers are told of it.

use std::fmt;

use airlock::EnqueueError;
use airlock::transaction::TransactionError;
use axum::http::StatusCode;
use serde::Serialize;

/// Why a request was not answered with what it asked for.
#[derive(Debug)]
pub(crate) enum ShopError {
    /// What was sent is no order, for these reasons.
    Invalid(Vec<Problem>),
    /// What was sent can't be read at all.
    Unreadable(String),
    NoSuchOrder(i64),
    NoSuchPage,
    NoSuchMethod,
    /// Another site's page sent it.
    Foreign,
    /// It names another host.
    OtherHost,
    SoldOut(String),
    NotOpen {
        id: i64,
        is: String,
        wanted: &'static str,
    },
    /// Only whoever knows the admin token may do this.
    Forbidden(&'static str),
    /// Not an error, but what rolls a dry run back: the table of what would have happened.
    DryRun(String),
    Enqueue(EnqueueError),
    Database(sqlx::Error),
    Transaction(TransactionError),
    Outbox(std::io::Error),
    Queue(airlock::BoxError),
}

/// A mistake in one field of a form.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Problem {
    pub(crate) field: &'static str,
    pub(crate) says: &'static str,
}

impl Problem {
    pub(crate) fn new(field: &'static str, says: &'static str) -> Self {
        Self { field, says }
    }
}

impl ShopError {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::DryRun(_) => StatusCode::OK,
            Self::Unreadable(_) => StatusCode::BAD_REQUEST,
            Self::Forbidden(_) | Self::Foreign => StatusCode::FORBIDDEN,
            Self::OtherHost => StatusCode::MISDIRECTED_REQUEST,
            Self::NoSuchMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::NoSuchOrder(_) | Self::NoSuchPage => StatusCode::NOT_FOUND,
            Self::SoldOut(_) | Self::NotOpen { .. } => StatusCode::CONFLICT,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Enqueue(_) | Self::Outbox(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Database(_) | Self::Transaction(_) | Self::Queue(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    /// The order that it is about.
    pub(crate) fn order_id(&self) -> Option<i64> {
        match self {
            Self::NotOpen { id, .. } => Some(*id),
            _ => None,
        }
    }

    /// Whether the caller can't help it: for the log, and not for the caller.
    pub(crate) fn is_ours(&self) -> bool {
        self.status().is_server_error()
    }

    /// What callers are told.
    pub(crate) fn public(&self) -> String {
        if self.is_ours() {
            "The shop can't do that right now. Try again later.".into()
        } else {
            self.to_string()
        }
    }
}

impl fmt::Display for ShopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(problems) => {
                f.write_str("That is no order yet.")?;
                problems.iter().try_for_each(|problem| write!(f, " {}", problem.says))
            }
            Self::Unreadable(why) => write!(f, "The request can't be read: {why}"),
            Self::NoSuchOrder(id) => write!(f, "There is no order {id}."),
            Self::NoSuchPage => f.write_str("There is no such page."),
            Self::NoSuchMethod => f.write_str("That can't be done with this page."),
            Self::Foreign => f.write_str("Another site sent this. Open the shop's own page."),
            Self::OtherHost => f.write_str(
                "This is not that host. Open http://localhost, or start the shop with `--host NAME`.",
            ),
            Self::SoldOut(item) => write!(f, "There are not enough of these left: {item}."),
            Self::NotOpen { id, is, wanted } => {
                write!(f, "Order {id} can't be {wanted}: it is {is} already.")
            }
            Self::Forbidden(what) => write!(
                f,
                "{what} needs the admin token: send the header `Authorization: Bearer TOKEN`."
            ),
            Self::DryRun(table) => f.write_str(table),
            Self::Enqueue(error) => error.fmt(f),
            Self::Database(error) => error.fmt(f),
            Self::Transaction(error) => error.fmt(f),
            Self::Outbox(error) => error.fmt(f),
            Self::Queue(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ShopError {}

impl From<EnqueueError> for ShopError {
    fn from(error: EnqueueError) -> Self {
        Self::Enqueue(error)
    }
}

impl From<sqlx::Error> for ShopError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<TransactionError> for ShopError {
    fn from(error: TransactionError) -> Self {
        Self::Transaction(error)
    }
}

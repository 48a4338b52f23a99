//! What goes wrong with the database.

use std::error::Error;
use std::fmt;

use graphile_worker_queries::errors::GraphileWorkerError;

use crate::private::BoxError;

/// The database did not do what was asked of it.
///
/// Its text names the place, without a password, and where there is one the next step.
///
/// # Examples
///
/// ```
/// use airlock::graphile::Graphile;
///
/// # #[tokio::main]
/// # async fn main() {
/// // Nobody listens on port 1.
/// let error = Graphile::connect("postgres://shop:secret@127.0.0.1:1/shop").await.unwrap_err();
/// assert!(error.to_string().starts_with("can't connect to postgres://shop@127.0.0.1:1/shop: "));
/// # }
/// ```
#[derive(Debug)]
pub struct GraphileError {
    doing: String,
    place: String,
    source: BoxError,
}

impl GraphileError {
    /// It reads "can't `doing` `place`".
    pub(super) fn new(
        doing: impl Into<String>,
        place: impl Into<String>,
        source: impl Into<BoxError>,
    ) -> Self {
        Self { doing: doing.into(), place: place.into(), source: source.into() }
    }

    /// The same for an error of the database's driver.
    pub(super) fn of(
        doing: impl Into<String>,
        place: impl Into<String>,
        source: sqlx::Error,
    ) -> Self {
        Self::new(doing, place, source)
    }
}

impl fmt::Display for GraphileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "can't {} {}: {}", self.doing, self.place, self.source)?;
        match next_step(&*self.source) {
            Some(step) => write!(f, ": {step}"),
            None => Ok(()),
        }
    }
}

impl Error for GraphileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

fn next_step(error: &(dyn Error + Send + Sync + 'static)) -> Option<&'static str> {
    const UNDEFINED_TABLE: &str = "42P01";
    const UNDEFINED_FUNCTION: &str = "42883";
    const UNDEFINED_SCHEMA: &str = "3F000";
    let ours = error.downcast_ref();
    if let Some(sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut) = ours {
        return Some("check that the server runs and that the URL leads to it");
    }
    let code = match (ours, error.downcast_ref()) {
        (Some(sqlx::Error::Database(error)), _) => error.code(),
        (_, Some(GraphileWorkerError::SqlError(error))) => error.code().map(Into::into),
        _ => None,
    };
    let missing = [UNDEFINED_TABLE, UNDEFINED_FUNCTION, UNDEFINED_SCHEMA];
    missing.contains(&&*code?).then_some("call `setup()` before it is first used")
}

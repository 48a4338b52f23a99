//! What goes wrong with a database.

use std::fmt;

use crate::private::BoxError;

/// A database did not do what a queue asked of it.
///
/// Its text names the place, without a password, and where there is one the next step.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "apalis-sqlite")]
/// # #[tokio::main]
/// # async fn main() {
/// use airlock::apalis::Sqlite;
///
/// let error = Sqlite::connect("sqlite:/no/such/folder/jobs.db").await.unwrap_err();
/// assert!(error.to_string().starts_with("can't connect to sqlite:/no/such/folder/jobs.db: "));
/// # }
/// # #[cfg(not(feature = "apalis-sqlite"))]
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct SqlError {
    doing: String,
    place: String,
    source: BoxError,
}

impl SqlError {
    /// It reads "can't `doing` `place`".
    pub(in crate::apalis) fn new(
        doing: impl Into<String>,
        place: impl Into<String>,
        source: impl Into<BoxError>,
    ) -> Self {
        Self { doing: doing.into(), place: place.into(), source: source.into() }
    }
}

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "can't {} {}: {}", self.doing, self.place, self.source)?;
        match self.source.downcast_ref().and_then(next_step) {
            Some(step) => write!(f, ": {step}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for SqlError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}

fn next_step(error: &sqlx::Error) -> Option<&'static str> {
    const UNDEFINED_TABLE: &str = "42P01";
    const UNDEFINED_FUNCTION: &str = "42883";
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => {
            Some("check that the server runs and that the URL leads to it")
        }
        sqlx::Error::Database(error) => {
            let code = error.code();
            let missing = [UNDEFINED_TABLE, UNDEFINED_FUNCTION];
            if code.is_some_and(|code| missing.contains(&&*code))
                || error.message().starts_with("no such table")
            {
                Some("call `setup()` before it is first used")
            } else if error.message().starts_with("unable to open") {
                Some("check that the folder is there and may be written to")
            } else {
                None
            }
        }
        _ => None,
    }
}

//! What goes wrong with an engine.

use std::error::Error;
use std::fmt;

use crate::core::task::called::BoxError;

/// An engine did not do what was asked of it: it can't be reached, it refuses, or it is not set up.
///
/// Its text says what was to be done, names the place, without a password, and where there is one the
/// next step.
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
/// let said = error.to_string();
/// assert!(said.starts_with("can't connect to sqlite:/no/such/folder/jobs.db: "));
/// assert!(said.ends_with(": check that the folder is there and may be written to"));
/// # }
/// # #[cfg(not(feature = "apalis-sqlite"))]
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct EngineError {
    /// What can't be done, and where. What comes from further below says that itself.
    undone: Option<String>,
    source: BoxError,
    step: Option<&'static str>,
}

impl EngineError {
    /// It reads "can't `doing` `place`: `source`".
    ///
    /// # Examples
    ///
    /// ```
    /// use airlock::EngineError;
    ///
    /// let error = EngineError::new("list the dead letters of", "the board", "nobody answers");
    /// assert_eq!(error.to_string(), "can't list the dead letters of the board: nobody answers");
    /// ```
    pub fn new(
        doing: impl fmt::Display,
        place: impl fmt::Display,
        source: impl Into<BoxError>,
    ) -> Self {
        Self { undone: Some(format!("{doing} {place}")), source: source.into(), step: None }
    }

    /// The same with what to do about it, where somebody knows.
    ///
    /// # Examples
    ///
    /// ```
    /// use airlock::EngineError;
    ///
    /// let error = EngineError::new("connect to", "the board", "nobody answers");
    /// let error = error.next_step("plug it in");
    /// assert_eq!(error.to_string(), "can't connect to the board: nobody answers: plug it in");
    /// ```
    #[must_use]
    pub fn next_step(mut self, step: impl Into<Option<&'static str>>) -> Self {
        self.step = step.into();
        self
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(undone) = &self.undone {
            write!(f, "can't {undone}: ")?;
        }
        self.source.fmt(f)?;
        self.step.map_or(Ok(()), |step| write!(f, ": {step}"))
    }
}

impl Error for EngineError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // What says nothing of its own is not a cause of its own either.
        if self.undone.is_some() { Some(&*self.source) } else { self.source.source() }
    }
}

/// Nobody knows whether what was sent has arrived.
#[cfg(any(
    feature = "apalis-redis",
    feature = "celery-rabbitmq",
    feature = "celery-redis",
    feature = "dramatiq-rabbitmq",
    feature = "dramatiq-redis"
))]
pub(crate) fn unconfirmed(said: impl fmt::Display) -> BoxError {
    format!("it was sent but not confirmed, and may have arrived: {said}").into()
}

/// What already says what can't be done, and where.
impl From<BoxError> for EngineError {
    fn from(error: BoxError) -> Self {
        match error.downcast() {
            Ok(error) => *error,
            Err(source) => Self { undone: None, source, step: None },
        }
    }
}

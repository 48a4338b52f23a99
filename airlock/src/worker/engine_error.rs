//! What goes wrong with an engine.

use std::error::Error;
use std::fmt;

use crate::core::cut::cut;
use crate::core::task::called::BoxError;

/// An engine did not do what it was asked to: it can't be reached, it refuses, or it is not set up.
///
/// Its text says what was to be done, where (without a password), and, if known, what to do about it.
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
    /// What can't be done, and where; `None` if the source says that.
    undone: Option<String>,
    source: BoxError,
    step: Option<&'static str>,
}

impl EngineError {
    /// The error with the text "can't `doing` `place`: `source`".
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

    /// Adds what to do about it, if that is known.
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
        cut(&self.source).fmt(f)?;
        self.step.map_or(Ok(()), |step| write!(f, ": {step}"))
    }
}

impl Error for EngineError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // Without a text of its own, the error shows its source's text, so it continues with the cause of that.
        if self.undone.is_some() { Some(&*self.source) } else { self.source.source() }
    }
}

/// The outcome is unknown: what was sent may have arrived.
#[cfg(feature = "_broker")]
pub(crate) fn unconfirmed(said: impl fmt::Display) -> BoxError {
    format!("it was sent but not confirmed, and may have arrived: {said}").into()
}

/// Of an error that itself says what can't be done, and where.
impl From<BoxError> for EngineError {
    fn from(error: BoxError) -> Self {
        match error.downcast() {
            Ok(error) => *error,
            Err(source) => Self { undone: None, source, step: None },
        }
    }
}

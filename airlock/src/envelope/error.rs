//! Why a text is no envelope.

use std::fmt;

use serde::Deserialize;

use crate::core::cut::{plain, shortened};
use crate::core::task::without_values::without_values;
use crate::envelope::VERSION_WITH_POLICIES;

/// A text that is no envelope.
///
/// # Examples
///
/// ```
/// use airlock::envelope::Envelope;
///
/// let error = Envelope::from_json(br#"{"airlock": 7}"#).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "the message is no envelope: it is of version 7, and this binary reads up to 2: \
///      update the worker",
/// );
/// let error = Envelope::from_json(b"hello").unwrap_err();
/// assert!(error.to_string().starts_with("the message is no envelope: expected value"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvelopeError {
    why: String,
}

impl EnvelopeError {
    /// Shortens the reason: readers quote what they did not expect, which may be a whole message that
    /// was not meant for logs.
    pub(crate) fn new(why: impl Into<String>) -> Self {
        const LONGEST: usize = 256;
        Self { why: plain(&shortened(why.into(), LONGEST)) }
    }

    pub(super) fn json(error: &serde_json::Error) -> Self {
        Self::new(json_fault(error))
    }

    pub(super) fn version(version: u32) -> Self {
        Self::new(format!(
            "it is of version {version}, and this binary reads up to {VERSION_WITH_POLICIES}: update the worker"
        ))
    }

    /// Says that the text is of a later version, if it is: that explains more than what can't be read.
    pub(super) fn of_version(json: &[u8], error: &serde_json::Error) -> Self {
        #[derive(Deserialize)]
        struct Version {
            airlock: u32,
        }
        match serde_json::from_slice(json) {
            Ok(Version { airlock }) if airlock > VERSION_WITH_POLICIES => Self::version(airlock),
            _ => Self::json(error),
        }
    }
}

/// What is wrong with a JSON text, and where, without a value that is in it: it may be a secret.
pub(crate) fn json_fault(error: &serde_json::Error) -> String {
    let said = error.to_string();
    if !error.is_data() {
        // The reader's own words.
        return said;
    }
    without_values(&said).unwrap_or_else(|| {
        format!("a value that can't be read at line {} column {}", error.line(), error.column())
    })
}

impl fmt::Display for EnvelopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the message is no envelope: {}", self.why)
    }
}

impl std::error::Error for EnvelopeError {}

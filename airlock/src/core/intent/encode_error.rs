//! Why an intent has no JSON.

use std::fmt;

use crate::core::cut::cut;
use crate::core::task::TaskInfo;

/// An intent's arguments can't be written as JSON.
///
/// # Examples
///
/// ```
/// #[airlock::task(local, name = "reply")]
/// fn reply(to: std::sync::mpsc::Sender<u64>) {}
///
/// let (sender, _receiver) = std::sync::mpsc::channel();
/// let error = reply::intent(sender).to_json().unwrap_err();
/// assert!(error.to_string().starts_with("the arguments of `reply` can't be written as JSON"));
/// ```
#[derive(Clone, Debug)]
pub struct EncodeError {
    task: &'static TaskInfo,
    what: &'static str,
    why: String,
}

impl EncodeError {
    pub(super) fn unwritable(task: &'static TaskInfo, why: String) -> Self {
        Self { task, what: "written as JSON", why }
    }

    #[cfg(feature = "envelope")]
    pub(crate) fn unreadable(task: &'static TaskInfo, why: String) -> Self {
        Self { task, what: "read by a worker", why }
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = cut(&self.why);
        write!(f, "the arguments of `{}` can't be {}: {why}", self.task, self.what)
    }
}

impl std::error::Error for EncodeError {}

//! A name that no task has.

use std::fmt;

use crate::core::cut::cut;
use crate::core::task::nearest::nearest;

/// No task has the name that was looked up.
///
/// # Examples
///
/// ```standalone_crate
/// #[airlock::task(name = "mail.welcome")]
/// fn welcome(user_id: u64) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let error = airlock::registry()?.find("mail.welcom").unwrap_err();
/// assert_eq!(error.name(), "mail.welcom");
/// assert_eq!(error.nearest(), Some("mail.welcome"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct UnknownTask {
    name: String,
    nearest: Option<&'static str>,
}

impl UnknownTask {
    pub(crate) fn among(name: &str, known: impl Iterator<Item = &'static str>) -> Self {
        Self { name: name.to_owned(), nearest: nearest(name, known) }
    }

    /// The name that was looked up.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The known name that is nearest to it, where one is near.
    pub fn nearest(&self) -> Option<&'static str> {
        self.nearest
    }
}

impl fmt::Display for UnknownTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no task is named `{}`", cut(&self.name))?;
        match self.nearest {
            Some(nearest) => write!(f, ": did you mean `{nearest}`?"),
            None => f.write_str(
                ": check the name, and that the crate with the task is linked into this binary",
            ),
        }
    }
}

/// The text of `Display`: what a `main` that returns the error shows.
impl fmt::Debug for UnknownTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for UnknownTask {}

//! The scope of a transaction that is ending, until its effects are decided.

use std::thread;

use crate::core::intent::Intent;
use crate::core::report::Why;
use crate::core::report::log;
use crate::core::scope::Sealed;

/// A sealed scope. One that is dropped before it is decided is discarded as cancelled, or is given back to the log
/// if its transaction may be committed.
pub(crate) struct UndecidedScope {
    sealed: Option<Sealed>,
    /// The display name of the database that was asked to commit.
    committing: Option<String>,
}

impl UndecidedScope {
    pub(crate) fn new(sealed: Sealed) -> Self {
        Self { sealed: Some(sealed), committing: None }
    }

    pub(crate) fn commit_requested(&mut self, database: &str) {
        self.committing = Some(database.to_owned());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.sealed.as_ref().is_none_or(Sealed::is_empty)
    }

    pub(crate) fn any(&self, is: impl Fn(&Intent) -> bool) -> bool {
        self.sealed.iter().flat_map(Sealed::intents).any(is)
    }

    pub(crate) fn into_sealed(mut self) -> Sealed {
        self.sealed.take().expect("it is only taken by value")
    }
}

impl Drop for UndecidedScope {
    fn drop(&mut self) {
        let Some(mut sealed) = self.sealed.take() else { return };
        match &self.committing {
            Some(database) if !sealed.is_empty() => {
                let why =
                    format!("nobody waited for the commit in {database}, which may have happened");
                log::failed_elsewhere(&sealed.give_back(why));
            }
            _ => sealed.end(if thread::panicking() { Why::Panic } else { Why::Cancelled }),
        }
    }
}

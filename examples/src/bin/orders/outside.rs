//! What the tasks reach: the warehouse and the mail server, played by a list of what they were told.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// The world outside the shop. Clones are the same world.
#[derive(Clone, Default)]
pub(crate) struct Outside {
    heard: Arc<Mutex<Vec<String>>>,
}

impl Outside {
    /// Has the warehouse pack an order.
    pub(crate) fn pack(&self, order_id: u64) {
        self.hear(format!("the warehouse packs order {order_id}"));
    }

    /// Sends a mail. Addresses under `.invalid` bounce: no such host can exist.
    pub(crate) fn mail(&self, email: &str, text: &str) -> Result<(), MailError> {
        if email.ends_with(".invalid") {
            return Err(MailError { email: email.to_owned() });
        }
        self.hear(format!("{email} reads: {text}"));
        Ok(())
    }

    /// What was heard since this was last asked.
    pub(crate) fn take_heard(&self) -> Vec<String> {
        std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn hear(&self, what: String) {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }
}

/// A mail bounced.
#[derive(Debug)]
pub(crate) struct MailError {
    email: String,
}

impl fmt::Display for MailError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the mail to {} bounced: no such host", self.email)
    }
}

impl std::error::Error for MailError {}

//! The mail server.

use std::sync::{Arc, Mutex, PoisonError};

use crate::Error;

/// A mail server that notes what was sent, and that can be down.
#[derive(Clone, Default)]
pub struct Smtp(Arc<Mutex<Server>>);

#[derive(Default)]
struct Server {
    sent: Vec<String>,
    down: bool,
}

impl Smtp {
    pub async fn send(&self, mail: String) -> Result<(), Error> {
        let mut server = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if server.down {
            return Err(Error::Mail("the mail server is down".to_owned()));
        }
        server.sent.push(mail);
        Ok(())
    }

    pub fn be_down(&self, down: bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).down = down;
    }

    pub fn sent(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).sent.clone()
    }
}

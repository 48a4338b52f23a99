//! The name under which a worker registers.

use std::ops::Deref;

use uuid::Uuid;

/// The name under which a worker registers with its engine. Each default is a new one.
pub(crate) struct WorkerName(String);

impl Default for WorkerName {
    fn default() -> Self {
        Self(format!("airlock-{}", Uuid::now_v7()))
    }
}

impl Deref for WorkerName {
    type Target = String;

    fn deref(&self) -> &String {
        &self.0
    }
}

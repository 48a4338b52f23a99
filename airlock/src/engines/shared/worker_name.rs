//! The name under which a worker registers.

use uuid::Uuid;

/// The name under which a worker registers with its engine. Each default is a new one.
pub(crate) struct WorkerName(String);

impl WorkerName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for WorkerName {
    fn default() -> Self {
        Self(format!("airlock-{}", Uuid::now_v7()))
    }
}

//! The error of a runtime that carries out nothing.

use std::fmt;

use crate::core::executor::DispatchError;
use crate::engines::shared::connection_runtime::RESPONSE_TIMEOUT;

/// The runtime that connections belong to carries out nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RuntimeUnavailable {
    pub(super) fault: RuntimeFault,
    pub(super) maybe_sent: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum RuntimeFault {
    NotDriven,
    ShutDown,
}

#[cfg(feature = "_broker")]
impl RuntimeUnavailable {
    pub(super) fn shut_down(maybe_sent: bool) -> Self {
        Self { fault: RuntimeFault::ShutDown, maybe_sent }
    }
}

#[cfg(feature = "_rabbitmq")]
impl RuntimeUnavailable {
    /// Whether anything may have been sent.
    pub(crate) fn maybe_sent(self) -> bool {
        self.maybe_sent
    }
}

impl fmt::Display for RuntimeUnavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.maybe_sent { "it may have left all the same: " } else { "" })?;
        match self.fault {
            RuntimeFault::ShutDown => {
                f.write_str("the Tokio runtime that the connection was made in has shut down")
            }
            RuntimeFault::NotDriven => write!(
                f,
                "the single-threaded Tokio runtime that the connection was made in has done nothing \
                 for {RESPONSE_TIMEOUT:?}: connect inside a many-threaded runtime, or flush inside \
                 this one, with `run_async`",
            ),
        }
    }
}

impl std::error::Error for RuntimeUnavailable {}

impl From<RuntimeUnavailable> for DispatchError {
    fn from(error: RuntimeUnavailable) -> Self {
        if error.maybe_sent { Self::all(error) } else { Self::refused(error) }
    }
}

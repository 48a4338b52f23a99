//! How long connecting may take, to a server or to a file that is locked.

use std::time::Duration;

/// How long it may take until a connection can be used. People wait for it at a program's start.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

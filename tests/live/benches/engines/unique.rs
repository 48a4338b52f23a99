//! Names that nobody else has on a server.

use std::process;
use std::time::{SystemTime, UNIX_EPOCH};

/// A name for a database, a queue or a key.
pub(crate) fn name() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is right");
    format!("airlock_bench_{:x}_{:x}", since.as_micros(), process::id())
}

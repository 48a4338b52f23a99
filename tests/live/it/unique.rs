//! Names that no other test has, so that tests share servers and run at the same time.

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// `prefix` and what makes it unique, also on a server that lives longer than this process: a name
/// for a schema, a queue or a key, of letters, digits and underscores.
pub(crate) fn name(prefix: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is right");
    format!("{prefix}_{:x}_{:x}_{count}", since.as_micros(), process::id())
}

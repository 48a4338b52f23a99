//! What a full server removes by itself: of a whole list that it removed, nothing is left that could be missed.

use std::sync::{Mutex, PoisonError};

use super::Server;
use crate::core::cut::cut;
use crate::worker::log;

/// What the server was seen to have removed.
#[derive(Default)]
pub(super) struct Evictions(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    /// How many keys it had removed.
    removed: Option<u64>,
    /// Whether it was said that it may.
    warned: bool,
}

impl Server {
    /// Warns once where the server may remove messages; and says, at each, when it has removed keys.
    pub(crate) async fn warn_of_evictions(&self) {
        // What is wrong with the server is said by what can't do without it. A user need not be allowed to look.
        let Ok(mut connection) = self.connection().await else { return };
        let mut asked = ::redis::pipe();
        asked.cmd("INFO").arg("memory").cmd("INFO").arg("stats");
        let Ok((memory, stats)) = asked.query_async::<(String, String)>(&mut connection).await
        else {
            return;
        };
        let policy = field(&memory, "maxmemory_policy").unwrap_or_default();
        let removed = field(&stats, "evicted_keys").and_then(|keys| keys.parse().ok()).unwrap_or(0);
        // What has an expiry is no message.
        let may = policy.starts_with("allkeys") && field(&memory, "maxmemory") != Some("0");
        let (before, warned) = {
            let mut seen = self.inner.evictions.0.lock().unwrap_or_else(PoisonError::into_inner);
            (seen.removed.replace(removed), std::mem::replace(&mut seen.warned, may))
        };
        if !may {
            return;
        }
        let (address, policy) = (self.address(), cut(policy));
        if !warned {
            log::doubtful_server(&format!(
                "{address} removes messages when its memory is full, because its `maxmemory-policy` is {policy}: set \
                 `noeviction`"
            ));
        }
        if let Some(before) = before.filter(|before| *before < removed) {
            log::removed(&format!(
                "{address} has removed {} keys since it was asked last, because its memory is full and its \
                 `maxmemory-policy` is {policy}: messages may be among them, which are lost: set `noeviction`",
                removed - before
            ));
        }
    }
}

/// A field of what the server says of itself.
fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let info =
            "# Memory\r\nmaxmemory_human:1M\r\nmaxmemory:100\r\nmaxmemory_policy:allkeys-lru\r\n";
        assert_eq!(field(info, "maxmemory"), Some("100"));
        assert_eq!(field(info, "maxmemory_policy"), Some("allkeys-lru"));
        assert_eq!(field(info, "memory"), None);
    }
}

//! A policy that takes the intent instead of looking at it.

use airlock::{Intent, Verdict};

fn main() {
    let _ = airlock::scope().policy(|_intent: Intent| Verdict::Allow).run(|| ());
}

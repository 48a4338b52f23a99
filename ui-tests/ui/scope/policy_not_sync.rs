//! A policy that threads can't share.

use std::cell::Cell;

use airlock::{Intent, Verdict};

fn main() {
    let seen = Cell::new(0);
    let _ = airlock::scope()
        .policy(move |_: &Intent| {
            seen.set(seen.get() + 1);
            Verdict::Allow
        })
        .run(|| ());
}

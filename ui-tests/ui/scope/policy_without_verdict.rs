//! A closure that gives no verdict.

use airlock::Intent;

fn main() {
    let _ = airlock::scope().policy(|intent: &Intent| intent.name() == "mail").run(|| ());
}

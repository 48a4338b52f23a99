//! A policy that borrows what the scope may outlive.

use airlock::{Intent, Verdict};

fn main() {
    let blocked = String::from("mail.confirmation");
    let _ = airlock::scope()
        .policy(|intent: &Intent| match intent.name() == blocked {
            true => Verdict::Drop,
            false => Verdict::Allow,
        })
        .run(|| ());
}

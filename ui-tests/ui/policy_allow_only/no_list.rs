//! The policy without its list.

#[airlock::policy(AllowOnly)]
fn alone() {}

#[airlock::policy((DropAll, AllowOnly.refuse()))]
fn refusing() {}

fn main() {}

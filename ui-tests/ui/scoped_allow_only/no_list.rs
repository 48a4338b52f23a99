//! The policy without its list.

#[airlock::scoped(policy = AllowOnly)]
fn alone() {}

#[airlock::scoped(policy = (DropAll, AllowOnly.refuse()))]
fn refusing() {}

fn main() {}

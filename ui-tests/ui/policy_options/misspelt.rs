//! A built-in policy that almost exists.

#[airlock::policy(DropAl)]
fn rehearse() {}

fn main() {}

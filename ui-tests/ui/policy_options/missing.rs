//! No policy.

#[airlock::policy]
fn rehearse() {}

fn main() {}

//! Parentheses without a policy.

#[airlock::policy()]
fn rehearse() {}

fn main() {}

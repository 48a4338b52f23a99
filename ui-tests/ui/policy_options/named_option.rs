//! A policy as `#[airlock::scoped(policy = …)]` has it.

#[airlock::policy(policy = DropAll)]
fn rehearse() {}

fn main() {}

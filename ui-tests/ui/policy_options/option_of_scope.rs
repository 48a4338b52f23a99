//! An option that only a scope has.

#[airlock::policy(DropAll, executor = airlock::Inline::new())]
fn rehearse() {}

fn main() {}

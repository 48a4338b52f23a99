//! Two things without a comma.

#[airlock::policy(DropAll crate = airlock)]
fn rehearse() {}

fn main() {}

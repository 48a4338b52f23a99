//! airlock's path in quotes, as other crates have it.

#[airlock::policy(DropAll, crate = "effects::airlock")]
fn rehearse() {}

fn main() {}

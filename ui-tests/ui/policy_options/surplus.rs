//! Two policies that aren't a tuple.

#[airlock::policy(DropAll, AllowAll)]
fn rehearse() {}

fn main() {}

//! A value of a type that is no policy.

struct Audit;

#[airlock::policy(Audit)]
fn rehearse() {}

fn main() {}

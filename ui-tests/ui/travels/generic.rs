//! A policy of any type has no one name.

use airlock::Policy;

struct Over<T>(T);

#[airlock::travels(name = "over")]
impl<T: Send + Sync + 'static> Policy for Over<T> {}

fn main() {}

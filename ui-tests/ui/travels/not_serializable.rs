//! Its settings go along.

use airlock::Policy;

struct Open {
    door: u8,
}

#[airlock::travels(name = "open")]
impl Policy for Open {}

fn main() {}

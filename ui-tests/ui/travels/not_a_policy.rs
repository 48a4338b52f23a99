//! What travels is a policy.

struct Open;

#[airlock::travels]
impl Open {}

#[airlock::travels]
impl Default for Open {
    fn default() -> Self {
        Self
    }
}

#[airlock::travels]
fn open() {}

fn main() {}

//! An argument without a name.

#[airlock::task]
fn send_confirmation_email(_: u64) {}

fn main() {}

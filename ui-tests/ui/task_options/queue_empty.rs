//! A queue without a name.

#[airlock::task(queue = "")]
fn send_confirmation_email() {}

fn main() {}

//! A path where airlock isn't.

#[airlock::task(crate = effects)]
fn send_confirmation_email(order_id: u64) {}

fn main() {}

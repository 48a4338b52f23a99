//! A default that no message could lack.

#![allow(unused_variables)]

#[airlock::task(local)]
fn send_confirmation_email(order_id: u64, #[default] note: String) {}

fn main() {}

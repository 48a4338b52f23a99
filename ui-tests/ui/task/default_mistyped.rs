//! A default that is not of its argument's type.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: u64, #[default("three")] retries: u8) {}

fn main() {}

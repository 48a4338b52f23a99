//! A text for a number.

#![allow(unused_variables)]

#[airlock::task(max_attempts = "five")]
fn send_confirmation_email(order_id: u64) {}

fn main() {}

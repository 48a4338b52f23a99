//! A task that would never be attempted.

#![allow(unused_variables)]

#[airlock::task(max_attempts = 0)]
fn send_confirmation_email(order_id: u64) {}

fn main() {}

//! An option whose value was forgotten.

#![allow(unused_variables)]

#[airlock::task(queue =, local)]
fn send_confirmation_email(order_id: u64) {}

fn main() {}

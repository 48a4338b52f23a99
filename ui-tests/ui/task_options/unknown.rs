//! An option that doesn't exist.

#![allow(unused_variables)]

#[airlock::task(priority = 3)]
fn send_confirmation_email(order_id: u64) {}

fn main() {}

//! An option that needs a value, without one.

#![allow(unused_variables)]

#[airlock::task(queue)]
fn send_confirmation_email(order_id: u64) {}

fn main() {}

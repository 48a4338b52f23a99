//! A number for a name.

#![allow(unused_variables)]

#[airlock::task(name = 5)]
fn send_confirmation_email(order_id: u64) {}

fn main() {}

//! airlock's path in quotes, as other crates have it.

#![allow(unused_variables)]

#[airlock::task(crate = "effects::airlock")]
fn send_confirmation_email(order_id: u64) {}

fn main() {}

//! A name without a letter.

#![allow(unused_variables)]

#[airlock::task(name = "")]
fn send_confirmation_email(order_id: u64) {}

fn main() {}

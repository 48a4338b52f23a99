//! A number for a queue.

#![allow(unused_variables)]

#[airlock::task(queue = 5)]
fn send_confirmation_email(order_id: u64) {}

fn main() {}

//! An option whose value is in parentheses.

#![allow(unused_variables)]

#[airlock::task(queue("emails"))]
fn send_confirmation_email(order_id: u64) {}

fn main() {}

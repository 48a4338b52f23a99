//! An option, twice.

#![allow(unused_variables)]

#[airlock::task(queue = "emails", queue = "bulk")]
fn send_confirmation_email(order_id: u64) {}

fn main() {}

//! A removed argument that is still there.

#![allow(unused_variables)]

#[airlock::task(removed = ["note"])]
fn send_confirmation_email(order_id: u64, note: String) {}

fn main() {}

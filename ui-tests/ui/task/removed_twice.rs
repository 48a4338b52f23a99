//! A removed argument that is listed twice.

#![allow(unused_variables)]

#[airlock::task(removed = ["note", "note"])]
fn send_confirmation_email(order_id: u64) {}

fn main() {}

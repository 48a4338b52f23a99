//! A removed argument that is not in a list.

#![allow(unused_variables)]

#[airlock::task(removed = "note")]
fn send_confirmation_email(order_id: u64) {}

fn main() {}

//! An argument that goes to JSON, but doesn't come back.

#![allow(unused_variables)]

#[derive(serde::Serialize)]
struct Order {
    id: u64,
}

#[airlock::task]
fn send_confirmation_email(order: Order) {}

fn main() {}

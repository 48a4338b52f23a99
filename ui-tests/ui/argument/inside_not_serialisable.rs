//! An argument with something inside that doesn't go to JSON.

#![allow(unused_variables)]

struct Order {
    id: u64,
}

#[airlock::task]
fn send_confirmation_emails(orders: Vec<Order>) {}

fn main() {}

//! Two arguments that don't go to JSON: one error for each.

#![allow(unused_variables)]

struct Order {
    id: u64,
}

struct Address;

#[airlock::task]
fn send_confirmation_email(order: Order, user_id: u64, address: Address) {}

fn main() {}

//! Removed arguments that are not in quotes.

#![allow(unused_variables)]

#[airlock::task(removed = [note, other])]
fn send_confirmation_email(order_id: u64) {}

fn main() {}

//! An argument of a type that borrows.

#![allow(unused_variables)]

struct Order<'a> {
    address: &'a str,
}

#[airlock::task]
fn send_confirmation_email(order: Order<'_>) {}

fn main() {}

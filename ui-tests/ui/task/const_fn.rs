//! A `const fn`.

#![allow(unused_variables)]

#[airlock::task]
const fn send_confirmation_email(order_id: u64) {}

fn main() {}

//! A value for an option that takes none.

#![allow(unused_variables)]

#[airlock::task(local = true)]
fn send_confirmation_email(order_id: u64) {}

fn main() {}

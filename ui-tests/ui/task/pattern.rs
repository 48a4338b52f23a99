//! A pattern instead of a name.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email((order_id, user_id): (u64, u64)) {}

fn main() {}

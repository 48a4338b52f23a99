//! C's variable number of arguments.

#![allow(unused_variables)]

#[airlock::task]
unsafe extern "C" fn send_confirmation_email(order_id: u64, _: ...) {}

fn main() {}

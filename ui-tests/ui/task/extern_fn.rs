//! An `extern` function.

#![allow(unused_variables)]

#[airlock::task]
extern "C" fn send_confirmation_email(order_id: u64) {}

fn main() {}

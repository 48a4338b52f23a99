//! An option that almost exists.

#![allow(unused_variables)]

#[airlock::task(max_atempts = 5)]
fn send_confirmation_email(order_id: u64) {}

fn main() {}

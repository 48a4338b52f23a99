//! A lifetime parameter that no parameter needs.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email<'a>(order_id: u64) {}

fn main() {}

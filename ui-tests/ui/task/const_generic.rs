//! A constant parameter.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email<const TRIES: usize>(order_id: u64) {}

fn main() {}

//! A number below zero.

#![allow(unused_variables)]

#[airlock::task(max_attempts = -1)]
fn send_confirmation_email(order_id: u64) {}

fn main() {}

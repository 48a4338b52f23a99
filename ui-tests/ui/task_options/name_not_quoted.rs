//! A name without its quotes.

#![allow(unused_variables)]

#[airlock::task(name = send_mail)]
fn send_confirmation_email(order_id: u64) {}

fn main() {}

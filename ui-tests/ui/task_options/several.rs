//! Every mistaken option of one attribute, at once.

#![allow(unused_variables)]

#[airlock::task(quue = "emails", max_attempts, local = true, local = false)]
fn send_confirmation_email(order_id: u64) {}

fn main() {}

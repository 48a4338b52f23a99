//! A value without the name of its option.

#![allow(unused_variables)]

#[airlock::task("mail.confirmation")]
fn send_confirmation_email(order_id: u64) {}

fn main() {}

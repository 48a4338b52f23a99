//! A default behind an equals sign.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: u64, #[default = 3] retries: u8) {}

fn main() {}

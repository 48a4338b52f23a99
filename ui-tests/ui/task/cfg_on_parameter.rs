//! An argument that only one build has.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: u64, #[cfg(unix)] user_id: u32) {}

fn main() {}

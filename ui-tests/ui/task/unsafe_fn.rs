//! An `unsafe fn`.

#![allow(unused_variables)]

#[airlock::task]
unsafe fn send_confirmation_email(order_id: u64) {}

fn main() {}

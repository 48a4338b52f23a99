//! A borrowed argument, which may be meant as a state.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: &u64) {}

fn main() {}

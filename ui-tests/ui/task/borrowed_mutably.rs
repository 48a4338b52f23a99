//! A mutably borrowed argument.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_ids: &mut Vec<u64>) {}

fn main() {}

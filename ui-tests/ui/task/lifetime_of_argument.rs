//! A lifetime parameter for a borrowed argument: one mistake, not two.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email<'a>(address: &'a str) {}

fn main() {}

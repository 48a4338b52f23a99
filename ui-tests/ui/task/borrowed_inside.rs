//! A borrow inside an argument.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(address: Option<&str>) {}

fn main() {}

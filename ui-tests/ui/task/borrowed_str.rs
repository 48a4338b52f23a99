//! A borrowed argument of which the owned type has another name.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(address: &str) {}

fn main() {}

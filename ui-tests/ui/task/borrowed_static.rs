//! An argument that is borrowed for ever, but can't come back from JSON.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(address: &'static str) {}

fn main() {}

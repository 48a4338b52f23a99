//! `impl Trait` as an argument.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(address: impl Into<String>) {}

fn main() {}

//! A borrowed slice.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(addresses: &[String]) {}

fn main() {}

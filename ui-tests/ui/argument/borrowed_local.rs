//! A local task's argument waits in a buffer, as any other.

#![allow(unused_variables)]

#[airlock::task(local)]
fn send_confirmation_email(address: &str) {}

fn main() {}

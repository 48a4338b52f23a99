//! A text that isn't owned.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(address: String) {}

fn main() {
    let _ = send_confirmation_email::enqueue("me@example.com");
}

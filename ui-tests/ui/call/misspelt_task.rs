//! A task that almost exists.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: u64) {}

fn main() {
    let _ = send_confirmation_emial::enqueue(42);
    let _ = shop::mail::send_reciept::enqueue(42);
}

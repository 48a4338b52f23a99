//! An argument too many.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: u64) {}

fn main() {
    let _ = send_confirmation_email::intent(42, "me@example.com");
    let _ = send_confirmation_email::enqueue(42, "me@example.com");
}

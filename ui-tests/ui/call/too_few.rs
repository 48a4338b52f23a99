//! An argument too few.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: u64, address: String) {}

fn main() {
    let _ = send_confirmation_email::intent(42);
    let _ = send_confirmation_email::enqueue(42);
}

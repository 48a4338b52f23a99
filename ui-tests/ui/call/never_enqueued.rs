//! A wish that is made and forgotten, where that is an error.

#![allow(unused_variables)]
#![deny(unused_must_use)]

#[airlock::task]
fn send_confirmation_email(order_id: u64) {}

fn main() {
    send_confirmation_email::intent(42);
    send_confirmation_email::enqueue(42);
}

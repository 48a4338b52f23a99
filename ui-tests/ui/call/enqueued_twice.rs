//! One wish, enqueued twice.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: u64) {}

fn main() {
    let intent = send_confirmation_email::intent(42);
    let _ = intent.enqueue();
    let _ = intent.enqueue();
}

//! The function's value enqueued, instead of the task.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: u64) {}

fn main() {
    let _ = send_confirmation_email(42).enqueue();
    let _ = send_confirmation_email.enqueue(42);
}

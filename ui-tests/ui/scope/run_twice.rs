//! A scope, run twice.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: u64) {}

fn main() {
    let scope = airlock::scope();
    let _ = scope.run(|| send_confirmation_email::enqueue(42));
    let _ = scope.run(|| send_confirmation_email::enqueue(43));
}

//! A function that is no task, enqueued.

#![allow(unused_variables)]

fn total(order_id: u64) -> u64 {
    order_id
}

#[airlock::task]
fn send_confirmation_email(order_id: u64) {}

fn main() {
    let _ = total::enqueue(42);
    let _ = shop::total::enqueue(42);
}

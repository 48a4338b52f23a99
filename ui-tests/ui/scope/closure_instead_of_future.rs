//! A closure where an async scope takes a future.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: u64) {}

async fn checkout() {
    let _ = airlock::scope().run_async(|| send_confirmation_email::enqueue(42)).await;
}

fn main() {}

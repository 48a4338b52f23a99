//! A future where a sync scope takes a closure.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: u64) {}

fn main() {
    let _ = airlock::scope().run(async { send_confirmation_email::enqueue(42) });
}

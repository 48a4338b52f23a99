//! A scope, flushed while its intents are looked at.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: u64) {}

fn main() {
    let (_, sealed) = airlock::scope().seal(|| send_confirmation_email::enqueue(42));
    let first = sealed.intents().next();
    let _ = sealed.flush();
    println!("{first:?}");
}

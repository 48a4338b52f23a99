//! A scope, flushed and then discarded.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: u64) {}

fn main() {
    let (_, sealed) = airlock::scope().seal(|| send_confirmation_email::enqueue(42));
    let _ = sealed.flush();
    sealed.discard();
}

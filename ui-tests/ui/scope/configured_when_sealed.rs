//! A sealed scope, given a policy.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: u64) {}

fn main() {
    let (_, sealed) = airlock::scope().seal(|| send_confirmation_email::enqueue(42));
    let _ = sealed.policy(airlock::DropAll).flush();
}

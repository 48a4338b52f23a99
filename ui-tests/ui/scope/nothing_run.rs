//! Scopes that are made and forgotten, where that is an error.

#![allow(unused_variables)]
#![deny(unused_must_use)]

#[airlock::task]
fn send_confirmation_email(order_id: u64) {}

fn main() {
    airlock::scope().policy(airlock::DropAll);
    airlock::policy(airlock::DropAll);
    airlock::scope().seal(|| send_confirmation_email::enqueue(42)).1;
    airlock::scope().run(|| ());
}

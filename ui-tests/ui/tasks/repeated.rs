//! A task, twice.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: u64) {}

fn main() {
    let _ = airlock::tasks![send_confirmation_email, "send_confirmation_email"];
}

//! A task's name on the wire, instead of its path.

#![allow(unused_variables)]

#[airlock::task(name = "mail.confirmation")]
fn send_confirmation_email(order_id: u64) {}

fn main() {
    let _ = airlock::tasks!["mail.confirmation"];
}

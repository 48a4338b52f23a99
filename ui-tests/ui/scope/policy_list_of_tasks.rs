//! A list of tasks where a policy goes.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: u64) {}

fn main() {
    let _ = airlock::scope().policy(airlock::tasks![send_confirmation_email]).run(|| ());
}

//! Things to do with a task that almost exist.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: u64) {}

fn main() {
    let _ = send_confirmation_email::enqeue(42);
    let _ = send_confirmation_email::intent(42).dealy(std::time::Duration::from_secs(60)).enqueue();
}

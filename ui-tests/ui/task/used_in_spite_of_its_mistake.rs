//! A refused task is still there for whoever uses it: one mistake is one error.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: u64, address: &str) {}

fn main() -> Result<(), airlock::EnqueueError> {
    let _ = airlock::tasks![send_confirmation_email];
    send_confirmation_email::intent(42, "me@example.com").queue("bulk").enqueue()?;
    send_confirmation_email::enqueue(42, "me@example.com")
}

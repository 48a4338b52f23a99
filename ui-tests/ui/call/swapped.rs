//! Arguments in the wrong order.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: u64, address: String) {}

fn main() {
    let _ = send_confirmation_email::enqueue("me@example.com".to_owned(), 42);
}

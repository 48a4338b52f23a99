//! A boxed future as the value, which nobody would await.

#![allow(unused_variables)]

use std::pin::Pin;

#[airlock::task]
fn send_confirmation_email(order_id: u64) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {})
}

fn main() {}

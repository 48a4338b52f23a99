//! A future as the value, which nobody would await.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: u64) -> impl Future<Output = ()> {
    async move {}
}

fn main() {}

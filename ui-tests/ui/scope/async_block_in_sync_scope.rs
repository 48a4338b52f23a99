//! A future made in a sync scope, which would run outside of it.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: u64) {}

async fn checkout() {
    let _ = airlock::scope().run(|| async { send_confirmation_email::enqueue(42) }).await;
}

fn main() {}

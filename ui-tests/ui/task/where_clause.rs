//! A `where` clause.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: u64)
where
    u64: Send,
{
}

fn main() {}

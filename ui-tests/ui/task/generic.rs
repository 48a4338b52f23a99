//! A type parameter.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email<Id: Send>(order_id: Id) {}

fn main() {}

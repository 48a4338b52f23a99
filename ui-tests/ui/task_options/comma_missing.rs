//! Two options without a comma.

#![allow(unused_variables)]

#[airlock::task(local queue = "emails")]
fn send_confirmation_email(order_id: u64) {}

fn main() {}

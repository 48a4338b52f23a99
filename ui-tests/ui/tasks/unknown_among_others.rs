//! Two misspelt tasks among others of one list: each is underlined alone.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: u64) {}

#[airlock::task]
fn notify_warehouse(order_id: u64) {}

fn main() {
    let _ = airlock::tasks![send_confirmation_email, notify_warehose, send_confirmatoin_email];
}

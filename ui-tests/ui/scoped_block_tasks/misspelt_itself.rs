//! A list of tasks of which not a task is misspelt.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: u64) {}

#[airlock::scoped(policy = BlockTask(send_confirmation_email))]
fn checkout() {}

fn main() {}

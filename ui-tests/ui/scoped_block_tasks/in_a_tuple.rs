//! A misspelt task in a list that is one of several policies.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: u64) {}

#[airlock::scoped(policy = (LogOnFlush::default(), BlockTasks(send_confirmation_emial).refuse()))]
fn checkout() {}

fn main() {}

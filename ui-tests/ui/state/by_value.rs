//! A state, not borrowed.

#![allow(unused_variables)]

struct Smtp;

#[airlock::task]
fn send_confirmation_email(#[state] smtp: Smtp, order_id: u64) {}

fn main() {}

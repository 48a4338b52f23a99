//! A state, borrowed for longer than one run.

#![allow(unused_variables)]

struct Smtp;

#[airlock::task]
fn send_confirmation_email(#[state] smtp: &'static Smtp, order_id: u64) {}

fn main() {}

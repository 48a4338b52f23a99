//! A state, mutably borrowed.

#![allow(unused_variables)]

struct Smtp;

#[airlock::task]
fn send_confirmation_email(#[state] smtp: &mut Smtp, order_id: u64) {}

fn main() {}

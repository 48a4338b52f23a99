//! A state that threads can't share.

#![allow(unused_variables)]

use std::cell::Cell;

struct Smtp {
    sent: Cell<u64>,
}

#[airlock::task]
fn send_confirmation_email(#[state] smtp: &Smtp, order_id: u64) {}

fn main() {}

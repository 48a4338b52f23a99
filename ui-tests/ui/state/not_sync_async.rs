//! A state that threads can't share, of an async task: one mistake, one error.

#![allow(unused_variables)]

use std::cell::Cell;

struct Smtp {
    sent: Cell<u64>,
}

#[airlock::task]
async fn send_confirmation_email(#[state] smtp: &Smtp, order_id: u64) {}

fn main() {}

//! A state handed over as if it were an argument.

#![allow(unused_variables)]

struct Smtp;

#[airlock::task]
fn send_confirmation_email(#[state] smtp: &Smtp, order_id: u64) {}

fn main() {
    let _ = send_confirmation_email::enqueue(&Smtp, 42);
}

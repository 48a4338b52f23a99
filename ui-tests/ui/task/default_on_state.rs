//! A state with a default.

#![allow(unused_variables)]

struct Smtp;

#[airlock::task]
fn send_confirmation_email(
    #[state]
    #[default]
    smtp: &Smtp,
    order_id: u64,
) {
}

fn main() {}

//! A state that borrows itself.

#![allow(unused_variables)]

struct Smtp<'a> {
    host: &'a str,
}

#[airlock::task]
fn send_confirmation_email(#[state] smtp: &Smtp<'_>, order_id: u64) {}

fn main() {}

//! A state that is a secret as well.

#![allow(unused_variables)]

struct Smtp;

#[airlock::task]
fn send_confirmation_email(
    #[state]
    #[secret]
    smtp: &Smtp,
    order_id: u64,
) {
}

fn main() {}

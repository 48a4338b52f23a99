//! `#[state]` and `#[secret]`, each twice.

#![allow(unused_variables)]

struct Smtp;

#[airlock::task]
fn send_confirmation_email(
    #[state]
    #[state]
    smtp: &Smtp,
    #[secret]
    #[secret]
    token: String,
) {
}

fn main() {}

//! `#[state]` and `#[secret]` with something in them.

#![allow(unused_variables)]

struct Smtp;

#[airlock::task]
fn send_confirmation_email(#[state(shared)] smtp: &Smtp, #[secret = "always"] token: String) {}

fn main() {}

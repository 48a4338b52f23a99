//! A function without `self`, but in an `impl`.

#![allow(unused_variables)]

struct Mailer;

impl Mailer {
    #[airlock::task]
    fn send_confirmation_email(order_id: u64) {}
}

fn main() {}

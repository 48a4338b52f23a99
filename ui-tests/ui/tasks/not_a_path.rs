//! What is no path: a call, a type argument, a number, an empty text, a wildcard.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: u64) {}

fn main() {
    let _ = airlock::tasks![send_confirmation_email(42), send_confirmation_email::<u64>, 5, "", mail::*];
}

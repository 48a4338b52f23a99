//! Many mistakes of one item, all reported at once.

#![allow(unused_variables)]

struct Smtp;

#[airlock::task(quue = "emails", local, local, name = "")]
const fn send_confirmation_email<T>(_: u8, address: &str, #[state] smtp: Smtp) {}

fn main() {
    // Not a mistake of its own: the task is there, though it isn't one yet.
    let _ = airlock::block_tasks![send_confirmation_email];
}

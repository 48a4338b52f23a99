//! Misspelt tasks, in quotes: one of this module, one of another module, one of another crate.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: u64) {}

mod warehouse {
    #[airlock::task]
    pub fn notify(order_id: u64) {}
}

fn main() {
    let _ = airlock::block_tasks!["send_confirmation_emial"];
    let _ = airlock::block_tasks!["warehouse::notfiy"];
    let _ = airlock::block_tasks!["shop::mail::send_reciept"];
}

//! Misspelt tasks, bare: one of this module, one of another module, one of another crate.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: u64) {}

mod warehouse {
    #[airlock::task]
    pub fn notify(order_id: u64) {}
}

fn main() {
    let _ = airlock::allow_only![send_confirmation_emial];
    let _ = airlock::allow_only![warehouse::notfiy];
    let _ = airlock::allow_only![shop::mail::send_reciept];
}

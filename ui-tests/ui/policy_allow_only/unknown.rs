//! Misspelt tasks, bare: one of this module, one of another module, one of another crate.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: u64) {}

mod warehouse {
    #[airlock::task]
    pub fn notify(order_id: u64) {}
}

#[airlock::policy(AllowOnly(send_confirmation_emial))]
fn here() {}

#[airlock::policy(AllowOnly(warehouse::notfiy))]
fn in_a_module() {}

#[airlock::policy(AllowOnly(shop::mail::send_reciept))]
fn in_a_crate() {}

fn main() {}

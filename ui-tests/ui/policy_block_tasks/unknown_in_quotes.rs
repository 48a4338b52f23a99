//! Misspelt tasks, in quotes: one of this module, one of another module, one of another crate.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: u64) {}

mod warehouse {
    #[airlock::task]
    pub fn notify(order_id: u64) {}
}

#[airlock::policy(BlockTasks("send_confirmation_emial"))]
fn here() {}

#[airlock::policy(BlockTasks("warehouse::notfiy"))]
fn in_a_module() {}

#[airlock::policy(BlockTasks("shop::mail::send_reciept"))]
fn in_a_crate() {}

fn main() {}

//! What is no path, and a task twice.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: u64) {}

#[airlock::scoped(policy = AllowOnly(send_confirmation_email(42), "send confirmation email"))]
fn not_a_path() {}

#[airlock::scoped(policy = AllowOnly(send_confirmation_email, "send_confirmation_email"))]
fn twice() {}

fn main() {}

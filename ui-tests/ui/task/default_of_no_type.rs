//! A default of a type that has none.

#![allow(unused_variables)]

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Address(String);

#[airlock::task]
fn send_confirmation_email(order_id: u64, #[default] to: Address) {}

fn main() {}

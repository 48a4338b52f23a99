//! The macro of code, in an attribute.

#![allow(unused_variables)]

#[airlock::task]
fn pack(order_id: u64) {}

#[airlock::policy(allow_only![pack])]
fn alone() {}

#[airlock::policy((DropAll, allow_only!["pack", pakc]))]
fn in_a_tuple() {}

fn main() {}

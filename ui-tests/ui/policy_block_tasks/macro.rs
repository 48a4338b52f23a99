//! The macro of code, in an attribute.

#![allow(unused_variables)]

#[airlock::task]
fn pack(order_id: u64) {}

#[airlock::policy(block_tasks![pack])]
fn alone() {}

#[airlock::policy((DropAll, block_tasks!["pack", pakc]))]
fn in_a_tuple() {}

fn main() {}

//! A task's name on the wire, instead of its path.

#![allow(unused_variables)]

#[airlock::task(name = "shop.pack")]
fn pack(order_id: u64) {}

#[airlock::scoped(policy = BlockTasks("shop.pack"))]
fn checkout() {}

fn main() {}

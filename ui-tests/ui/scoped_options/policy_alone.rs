//! Policies without the option's name.

#![allow(unused_variables)]

#[airlock::task]
fn pack(order_id: u64) {}

#[airlock::scoped(BlockTasks(pack))]
fn call() {}

#[airlock::scoped(Limit::per_flush(3), named = "checkout")]
fn call_of_a_path() {}

#[airlock::scoped(limit = 3, block_tasks![pack])]
fn list() {}

#[airlock::scoped((DropAll, audit()))]
fn tuple() {}

fn main() {}

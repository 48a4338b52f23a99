//! The policy without its list.

#[airlock::policy(BlockTasks)]
fn alone() {}

#[airlock::policy((DropAll, BlockTasks.refuse()))]
fn refusing() {}

fn main() {}

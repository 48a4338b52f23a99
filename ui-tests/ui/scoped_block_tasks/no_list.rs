//! The policy without its list.

#[airlock::scoped(policy = BlockTasks)]
fn alone() {}

#[airlock::scoped(policy = (DropAll, BlockTasks.refuse()))]
fn refusing() {}

fn main() {}

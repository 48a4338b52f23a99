//! Mistakes in the options and in the function, at once.

#[airlock::scoped(polcy = DropAll, policy = BlockTasks(5))]
const fn checkout() {}

fn main() {}

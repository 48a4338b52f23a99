//! A `const fn`, which can't enqueue.

#[airlock::policy(DropAll)]
const fn checkout() {}

fn main() {}

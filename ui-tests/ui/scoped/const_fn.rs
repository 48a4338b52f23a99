//! A `const fn`, which can't enqueue.

#[airlock::scoped]
const fn checkout() {}

fn main() {}

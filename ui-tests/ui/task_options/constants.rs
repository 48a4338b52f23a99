//! Values that can't be, by way of constants.

const NAME: &str = "";
const QUEUE: &str = "";
const ATTEMPTS: u32 = 0;

#[airlock::task(name = NAME)]
fn named() {}

#[airlock::task(queue = QUEUE)]
fn queued() {}

#[airlock::task(max_attempts = ATTEMPTS)]
fn attempted() {}

fn main() {}

//! A closure whose error is no error.

use airlock::Intent;

struct Failure;

fn main() {
    let _ = airlock::scope().executor(|_: Intent| Err::<(), _>(Failure)).run(|| ());
}

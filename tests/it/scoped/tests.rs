//! The attribute above and below those of tests.

use airlock::InScope;

use crate::support::{quiet, yield_once};

#[test]
#[airlock::scoped]
fn under_a_test() {
    quiet::enqueue(1).expect("in a scope");
}

#[tokio::test]
#[airlock::scoped]
async fn under_a_tokio_test() {
    yield_once().await;
    quiet::enqueue(1).expect("in a scope");
}

#[airlock::scoped]
#[test]
fn over_a_test() -> Result<(), Box<dyn std::error::Error>> {
    quiet::enqueue(1)?;
    Ok(())
}

#[airlock::scoped]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_a_tokio_test() -> Result<(), Box<dyn std::error::Error>> {
    let spawned = async { quiet::enqueue(2) }.in_current_scope();
    quiet::enqueue(1)?;
    tokio::spawn(spawned).await??;
    Ok(())
}

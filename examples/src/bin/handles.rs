//! Handles: work on other threads and tasks has no scope, unless it is handed one.

use std::error::Error;
use std::thread;

use airlock::{EnqueueError, Handle, InScope};

#[airlock::task(name = "thumbnail.make")]
fn make_thumbnail(picture_id: u64) {
    println!("a thumbnail of picture {picture_id}");
}

fn on_threads() -> Result<Handle, Box<dyn Error>> {
    let scope = airlock::current().ok_or("inside a scope")?;
    thread::scope(|threads| {
        let lost = threads.spawn(|| make_thumbnail::enqueue(0));
        let handed = threads.spawn(|| scope.run(|| make_thumbnail::enqueue(1)));
        let lost = lost.join().expect("it does not panic");
        assert!(matches!(lost, Err(EnqueueError::NoScope(_))), "what is spawned has no scope");
        handed.join().expect("it does not panic")
    })?;
    Ok(scope)
}

async fn on_tasks() -> Result<(), Box<dyn Error>> {
    let current = async { make_thumbnail::enqueue(2) }.in_current_scope();
    tokio::spawn(current).await??;

    let scope = airlock::current().ok_or("inside a scope")?;
    let named = async { make_thumbnail::enqueue(3) }.in_scope(scope.clone());
    tokio::spawn(named).await??;
    assert_eq!(scope.inspect().own().len(), 2);
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (handle, sealed) = airlock::scope().seal(on_threads);
    assert_eq!(sealed.flush()?.dispatched(), 1);

    // A handle that outlives its scope is told so.
    let error = handle?.run(|| make_thumbnail::enqueue(4)).expect_err("the scope has ended");
    println!("{error}");
    assert!(matches!(error, EnqueueError::Closed(_)));

    let (carried, sealed) = airlock::scope().seal_async(on_tasks()).await;
    carried?;
    assert_eq!(sealed.flush_async().await?.dispatched(), 2);
    Ok(())
}

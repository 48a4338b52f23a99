//! Async scopes: current only while their own future is polled, and discarded where that is dropped.

use std::error::Error;
use std::sync::Mutex;
use std::time::Duration;

use airlock::EnqueueError;
use tokio::time::{sleep, timeout};

static SENT: Mutex<Vec<u64>> = Mutex::new(Vec::new());

#[airlock::task]
async fn send_mail(order_id: u64) {
    tokio::task::yield_now().await;
    println!("mail for order {order_id}");
    SENT.lock().expect("nothing panics while it holds the list").push(order_id);
}

async fn checkout(order_id: u64, pause: Duration) -> Result<(), EnqueueError> {
    send_mail::enqueue(order_id)?;
    sleep(pause).await;
    send_mail::enqueue(order_id + 100)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    println!("Two at once, on one task: each scope has its own intents.");
    let (short, long) = tokio::join!(
        airlock::scope().run_async(checkout(1, Duration::from_millis(1))),
        airlock::scope().run_async(checkout(2, Duration::from_millis(80))),
    );
    short??;
    long??;
    assert_eq!(*SENT.lock()?, [1, 101, 2, 102]);

    println!("One that is cancelled half-way discards what it had.");
    let never = airlock::scope().run_async(checkout(3, Duration::from_hours(1)));
    assert!(timeout(Duration::from_millis(20), never).await.is_err());
    assert_eq!(SENT.lock()?.len(), 4);

    println!("What is spawned inside starts without a scope.");
    let spawned = airlock::scope()
        .run_async(async { tokio::spawn(async { send_mail::enqueue(4) }).await })
        .await??;
    assert!(matches!(spawned, Err(EnqueueError::NoScope(_))));
    Ok(())
}

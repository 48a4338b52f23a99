//! Functions that return futures.

use std::pin::Pin;

use super::Error;
use crate::support::{Ran, note, yield_once};

#[airlock::scoped(executor = ran.inline())]
fn opaque(ran: &Ran, n: u64) -> impl Future<Output = Result<u64, Error>> + use<'_> {
    let doubled = n * 2;
    async move {
        yield_once().await;
        note::enqueue(doubled)?;
        Ok(doubled)
    }
}

#[airlock::scoped(executor = ran.inline())]
fn sendable(ran: Ran, n: u64) -> impl Future<Output = Result<(), Error>> + Send + 'static {
    async move {
        yield_once().await;
        note::enqueue(n)?;
        Ok(())
    }
}

#[airlock::scoped(executor = ran.inline())]
fn boxed(ran: &Ran, n: u64) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send + '_>> {
    Box::pin(async move {
        yield_once().await;
        note::enqueue(n)?;
        Ok(())
    })
}

#[tokio::test]
async fn functions_that_return_futures() {
    let ran = Ran::new();
    assert_eq!(opaque(&ran, 1).await.expect("flushed"), 2);
    tokio::spawn(sendable(ran.clone(), 3)).await.expect("no panic").expect("flushed");
    let future = boxed(&ran, 4);
    assert!(airlock::current().is_none());
    future.await.expect("flushed");
    assert_eq!(ran.list(), ["note 2", "note 3", "note 4"]);
}

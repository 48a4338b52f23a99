//! A flush from a thread in no runtime, over a handle that was made in a single-threaded one.

use std::thread;

use airlock::Intent;
use airlock_live::{Sender, ship};
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use crate::faults::{Place, on, tell};

/// Flushes on a thread that is in no runtime.
fn flush<S: Sender>(sender: &S, order: u64) -> Result<(), (String, Vec<Intent>)> {
    thread::scope(|threads| {
        let scope = airlock::scope().executor(sender.clone());
        let flushing = threads.spawn(move || scope.run(|| ship::enqueue(order)));
        match flushing.join().expect("no panic") {
            Ok(enqueued) => {
                enqueued.expect("enqueued");
                Ok(())
            }
            Err(error) => Err((error.to_string(), error.into_intents())),
        }
    })
}

async fn undriven<S: Sender>() {
    let place = Place::shared::<S>();
    // What is asked here is asked of the server, and not through the handle of there.
    let asked = place.open::<S>().await;
    let (url, queue) = (place.url.clone(), place.queue.clone());
    let outcome = thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let sender = runtime.block_on(S::on_queue(&url, &queue)).expect("opened");

        let alone = flush(&sender, 0);

        let handle = sender.clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let driving = thread::spawn(move || {
            runtime.block_on(stopped).expect("told to stop");
            runtime
        });
        let driven = flush(&handle, 1);
        stop.send(()).expect("it waits");
        drop(driving.join().expect("no panic"));
        (alone, driven, flush(&handle, 2))
    });
    let outcome = tokio::task::spawn_blocking(|| outcome.join()).await.expect("waited for");
    let (alone, driven, shut_down) = outcome.expect("no panic");

    driven.expect("somebody drives the runtime");
    let (said, handed_back) = alone.expect_err("nobody drives the runtime");
    assert!(said.contains("connect inside a many-threaded runtime"), "{said}");
    assert_eq!(handed_back.len(), 1);
    let (said, handed_back) = shut_down.expect_err("the runtime is gone");
    assert_eq!(handed_back.len(), 1);
    assert_eq!(place.held(&asked).await, 1);
    tell::<S>(
        "nobody drives the runtime",
        format_args!("1 handed back, 1 left once somebody did, 1 handed back after it: {said}"),
    );
}

on!(undriven:
    apalis_sqlite, apalis_postgres, apalis_redis, graphile, celery_rabbitmq, celery_redis,
    dramatiq_rabbitmq, dramatiq_redis,
);

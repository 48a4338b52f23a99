//! A program that is built with `panic = "abort"`: no flush panics, for that would be its end, whatever runtime it is in.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use airlock::{Backoff, Batch, DispatchError, Executor, FlushError, Intent, Retry, Timeout};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::{LocalSet, block_in_place, spawn_blocking, spawn_local};

#[airlock::task]
fn send(n: u64) {
    let _ = n;
}

/// Waits for another task of the runtime, as an engine's client would.
struct Client;

impl Executor for Client {
    async fn dispatch(&self, _: &mut Batch) -> Result<(), DispatchError> {
        let answer = tokio::spawn(async { tokio::task::yield_now().await });
        answer.await.map_err(DispatchError::all)
    }
}

fn flush(executor: impl Executor) -> Result<(), FlushError> {
    airlock::scope().executor(executor).run(|| send::enqueue(1)).map(|sent| sent.expect("enqueued"))
}

fn flushed() {
    flush(Client).expect("the runtime goes on meanwhile");
}

fn refused() {
    let error = flush(Client).expect_err("it might wait for ever");
    assert!(error.to_string().contains("run_async"), "{error}");
    assert_eq!(error.into_intents().len(), 1);
}

fn many_threads() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).build().expect("a runtime")
}

fn single_thread() -> Runtime {
    Builder::new_current_thread().build().expect("a runtime")
}

fn in_a_runtime_of_many_threads() {
    let runtime = many_threads();
    runtime.block_on(async {
        flushed();
        tokio::spawn(async { flushed() }).await.expect("no panic");
        spawn_blocking(flushed).await.expect("no panic");
        tokio::spawn(async { block_in_place(flushed) }).await.expect("no panic");
    });
    let _inside = runtime.enter();
    flushed();
}

fn in_a_local_set() {
    let (runtime, local) = (many_threads(), LocalSet::new());
    // It waits for nothing of the `LocalSet`, and so it ends.
    local.block_on(&runtime, async { flushed() });
    local.block_on(&runtime, async { spawn_local(async { refused() }).await.expect("no panic") });
    let nested = async {
        block_in_place(|| {
            let local = LocalSet::new();
            Handle::current().block_on(local.run_until(async { refused() }));
        });
    };
    runtime.block_on(async { tokio::spawn(nested).await.expect("no panic") });
}

fn on_a_single_thread() {
    single_thread().block_on(async { refused() });
}

/// Fails the first time.
fn shaky() -> impl Executor {
    let calls = AtomicUsize::new(0);
    move |_: Intent| match calls.fetch_add(1, Ordering::Relaxed) {
        0 => Err("the line is busy"),
        _ => Ok(()),
    }
}

struct Unreachable;

impl Executor for Unreachable {
    async fn dispatch(&self, _: &mut Batch) -> Result<(), DispatchError> {
        std::future::pending().await
    }
}

async fn keeps_time() {
    let wait = Duration::from_millis(1);
    let retry = Retry::new(shaky()).backoff(Backoff::new(wait));
    let sent = airlock::scope().executor(retry).run_async(async { send::enqueue(1) }).await;
    sent.expect("the second attempt succeeds").expect("enqueued");
    let late = airlock::scope().executor(Timeout::new(Unreachable, wait));
    let error = late.run_async(async { send::enqueue(1) }).await.expect_err("it takes too long");
    assert!(error.to_string().contains("not done within 1ms"), "{error}");
}

fn in_runtimes_without_a_timer() {
    for runtime in [many_threads(), single_thread()] {
        runtime.block_on(keeps_time());
    }
    Builder::new_current_thread().enable_time().build().expect("a runtime").block_on(keeps_time());
}

fn main() {
    const { assert!(cfg!(panic = "abort"), "it shows nothing otherwise") };
    in_a_runtime_of_many_threads();
    in_a_local_set();
    on_a_single_thread();
    in_runtimes_without_a_timer();
    println!("nothing has panicked");
}

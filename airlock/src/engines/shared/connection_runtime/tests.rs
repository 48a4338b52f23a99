use std::future::{pending, ready};
use std::sync::mpsc;
use std::thread;

use ::tokio::runtime::{Builder, Runtime};
use ::tokio::sync::oneshot;

use super::*;
use crate::core::wait::wait;

fn single_threaded() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn made_in(runtime: &Runtime) -> ConnectionRuntime {
    let _inside = runtime.enter();
    ConnectionRuntime::current()
}

/// Says on a channel that it has begun, and never ends.
fn endless() -> (mpsc::Receiver<()>, impl Future<Output = ()> + Send + 'static) {
    let (tell, told) = mpsc::channel();
    let future = async move {
        tell.send(()).expect("the test listens");
        pending::<()>().await;
    };
    (told, future)
}

#[test]
fn nothing_begins_in_a_runtime_that_no_thread_drives() {
    let runtime = single_threaded();
    let (begun, future) = endless();
    let error = wait(None, spawn(runtime.handle(), future)).expect_err("no thread drives it");
    assert!(!error.maybe_sent);
    assert!(error.to_string().contains("connect inside a many-threaded runtime"), "{error}");
    let error =
        wait(None, made_in(&runtime).run(pending::<()>())).expect_err("no thread drives it");
    assert!(!error.maybe_sent);

    runtime.block_on(async { ::tokio::task::yield_now().await });
    begun.try_recv().expect_err("it doesn't begin later either");
}

#[test]
fn what_has_begun_may_have_been_sent_when_the_runtime_stops() {
    let runtime = single_threaded();
    for spawned in [true, false] {
        let (begun, future) = endless();
        let (connections, handle) = (made_in(&runtime), runtime.handle().clone());
        let waiting = thread::spawn(move || {
            wait(None, async {
                if spawned { spawn(&handle, future).await } else { connections.run(future).await }
            })
        });
        runtime.block_on(async {
            while begun.try_recv().is_err() {
                ::tokio::task::yield_now().await;
            }
            // Slow is not idle.
            ::tokio::time::sleep(3 * RESPONSE_TIMEOUT).await;
            assert!(!waiting.is_finished());
        });
        let error = waiting.join().expect("no panic").expect_err("no thread drives it any more");
        assert!(error.maybe_sent);
        assert!(error.to_string().starts_with("it may have left all the same: "), "{error}");
    }
}

#[test]
fn a_thread_in_block_on_drives_it_for_others() {
    let runtime = single_threaded();
    let (connections, handle) = (made_in(&runtime), runtime.handle().clone());
    let (stop, stopped) = oneshot::channel::<()>();
    let driving = thread::spawn(move || runtime.block_on(stopped));
    assert_eq!(wait(None, spawn(&handle, ready(1))).expect("driven"), 1);
    assert_eq!(wait(None, connections.run(ready(2))).expect("driven"), 2);
    stop.send(()).expect("it waits");
    driving.join().expect("no panic").expect("told");
}

#[test]
fn a_runtime_that_has_shut_down_says_so() {
    let runtime = single_threaded();
    let handle = runtime.handle().clone();
    let connections = made_in(&runtime);
    drop(runtime);
    let spawned = wait(None, spawn(&handle, ready(()))).expect_err("it is gone");
    let here = wait(None, connections.run(ready(()))).expect_err("it is gone");
    for error in [spawned, here] {
        assert!(!error.maybe_sent);
        assert!(error.to_string().ends_with("has shut down"), "{error}");
    }

    let runtime = Builder::new_multi_thread().worker_threads(1).build().expect("a runtime");
    let (begun, future) = endless();
    let handle = runtime.handle().clone();
    let waiting = thread::spawn(move || wait(None, spawn(&handle, future)));
    begun.recv().expect("it begins");
    drop(runtime);
    assert!(waiting.join().expect("no panic").expect_err("it is gone").maybe_sent);
}

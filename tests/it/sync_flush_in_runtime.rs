//! Sync code that flushes to something async, inside a runtime.

use airlock::{Batch, DispatchError, Executor, InScope};

use crate::support::{Ran, anote, assert_adds_up, note, quiet};

/// Waits for a Tokio task, as an engine's client would.
struct Client(Ran);

impl Executor for Client {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        let count = batch.len();
        tokio::spawn(tokio::time::sleep(std::time::Duration::from_millis(1)))
            .await
            .map_err(DispatchError::all)?;
        self.0.push(format!("{count} sent"));
        Ok(())
    }
}

#[track_caller]
fn assert_says_what_to_write(error: &airlock::FlushError) {
    let text = error.to_string();
    assert!(text.contains("airlock::scope().run_async(…).await"), "{text}");
    assert!(text.contains("#[airlock::scoped]"), "{text}");
}

#[tokio::test]
async fn on_a_single_thread_an_executor_that_waits_is_refused_and_nothing_is_lost() {
    let ran = Ran::new();
    let error = airlock::scope()
        .executor(Client(ran.clone()))
        .run(|| (0..3).try_for_each(quiet::enqueue))
        .expect_err("it would dead-lock");
    assert_says_what_to_write(&error);
    assert_adds_up(error.report(), 3);
    let intents = error.into_intents();
    assert_eq!(intents.len(), 3);
    let again = airlock::scope()
        .executor(Client(ran.clone()))
        .run_async(async { intents.into_iter().try_for_each(airlock::Intent::enqueue) });
    again.await.expect("flushed").expect("enqueued");
    assert_eq!(ran.list(), ["3 sent"]);
}

#[tokio::test]
async fn on_a_single_thread_an_async_task_is_refused_and_sync_ones_run() {
    let ran = Ran::new();
    let error = ran
        .scope()
        .run(|| {
            note::enqueue(1)?;
            anote::enqueue(2)?;
            note::enqueue(3)
        })
        .expect_err("it would dead-lock");
    assert_says_what_to_write(&error);
    assert_eq!(ran.list(), ["note 1"]);
    assert_eq!(error.into_intents().len(), 2);
    ran.scope().run(|| note::enqueue(4)).expect("no need to wait").expect("enqueued");
}

#[airlock::task(local)]
async fn once(ticket: Ticket) {
    let Ticket = ticket;
    crate::support::yield_once().await;
}

/// Can't be copied.
#[derive(Debug)]
struct Ticket;

/// The task was refused before it ran, so what it was to consume is still there.
#[tokio::test]
async fn on_a_single_thread_an_argument_that_cannot_be_copied_is_handed_back() {
    let error = airlock::scope().run(|| once::enqueue(Ticket)).expect_err("it would dead-lock");
    assert_says_what_to_write(&error);
    let intents = error.into_intents();
    assert_eq!(intents.len(), 1);
    let again = airlock::scope()
        .run_async(async { intents.into_iter().try_for_each(airlock::Intent::enqueue) });
    again.await.expect("flushed").expect("enqueued");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_many_threads_it_works() {
    let ran = Ran::new();
    let flush = || {
        airlock::scope()
            .executor(Client(ran.clone()))
            .run(|| quiet::enqueue(1))
            .expect("flushed")
            .expect("enqueued");
        ran.scope().run(|| anote::enqueue(2)).expect("flushed").expect("enqueued");
    };
    flush();
    assert_eq!(ran.list(), ["1 sent", "anote 2"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn on_many_threads_it_works_from_spawned_and_from_blocking_code() {
    let ran = Ran::new();
    let spawned = ran.clone();
    tokio::spawn(async move {
        airlock::scope()
            .executor(Client(spawned))
            .run(|| quiet::enqueue(1))
            .expect("flushed")
            .expect("enqueued");
    })
    .await
    .expect("no panic");
    let blocking = ran.clone();
    tokio::task::spawn_blocking(move || {
        airlock::scope()
            .executor(Client(blocking))
            .run(|| quiet::enqueue(1))
            .expect("flushed")
            .expect("enqueued");
    })
    .await
    .expect("no panic");
    assert_eq!(ran.list(), ["1 sent", "1 sent"]);
}

/// Inside a `LocalSet` a thread of a many-threaded runtime may not block either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_local_set_it_works_or_says_what_to_write() {
    let ran = Ran::new();
    let local = tokio::task::LocalSet::new();
    let inside = ran.clone();
    let flush = local.run_until(async move {
        tokio::task::spawn_local(async move {
            let scope = airlock::scope().executor(Client(inside));
            match scope.run(|| quiet::enqueue(1)) {
                Ok(enqueued) => enqueued.expect("enqueued"),
                Err(error) => assert_says_what_to_write(&error),
            }
        })
        .await
    });
    flush.await.expect("no panic");
}

#[tokio::test]
async fn a_nested_sync_scope_needs_no_wait_where_its_parent_is_async() {
    let ran = Ran::new();
    let run = ran.scope().run_async(async {
        airlock::scope().run(|| anote::enqueue(1)).expect("captured")?;
        async { airlock::scope().run(|| anote::enqueue(2)).expect("captured") }
            .in_current_scope()
            .await
    });
    run.await.expect("flushed").expect("enqueued");
    assert_eq!(ran.list(), ["anote 1", "anote 2"]);
}

#[test]
fn outside_a_runtime_a_flush_waits() {
    struct Elsewhere(Ran);
    impl Executor for Elsewhere {
        async fn dispatch(&self, _: &mut Batch) -> Result<(), DispatchError> {
            let (done, waiting) = futures::channel::oneshot::channel();
            std::thread::spawn(move || {
                std::thread::sleep(std::time::Duration::from_millis(5));
                done.send("done")
            });
            self.0.push(waiting.await.map_err(DispatchError::all)?);
            Ok(())
        }
    }
    let ran = Ran::new();
    airlock::scope()
        .executor(Elsewhere(ran.clone()))
        .run(|| quiet::enqueue(1))
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(ran.list(), ["done"]);
}

/// A flush that a runtime's own future has called, in a `block_on` inside `block_in_place`.
fn flush_inside(executor: impl Executor) -> Result<(), airlock::FlushError> {
    airlock::scope()
        .executor(executor)
        .run(|| quiet::enqueue(1))
        .map(|sent| sent.expect("enqueued"))
}

/// Waits for a task of the `LocalSet` around.
struct Local(std::sync::Mutex<Option<futures::channel::oneshot::Receiver<()>>>);

impl Executor for Local {
    async fn dispatch(&self, _: &mut Batch) -> Result<(), DispatchError> {
        let waiting = self.0.lock().expect("not poisoned").take().expect("it is dispatched once");
        waiting.await.map_err(DispatchError::all)
    }
}

fn waits_for_a_local_task() -> Result<(), airlock::FlushError> {
    let (done, waiting) = futures::channel::oneshot::channel();
    tokio::task::spawn_local(async move { done.send(()) });
    flush_inside(Local(Some(waiting).into()))
}

/// On a thread of the runtime that blocks anyway, a `LocalSet` has its tasks nowhere else.
#[test]
fn in_a_local_set_where_blocking_is_allowed_it_says_what_to_write() {
    crate::support::unless_it_hangs(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build();
        let runtime = runtime.expect("a runtime");
        let handle = runtime.handle().clone();
        let inside = async move {
            tokio::task::block_in_place(|| {
                let local = tokio::task::LocalSet::new();
                let root = local.run_until(async { waits_for_a_local_task() });
                let from_root = handle.block_on(root);
                let task =
                    async { tokio::task::spawn_local(async { waits_for_a_local_task() }).await };
                [from_root, handle.block_on(local.run_until(task)).expect("no panic")]
            })
        };
        for flushed in runtime.block_on(async { tokio::spawn(inside).await.expect("no panic") }) {
            let error = flushed.expect_err("it would dead-lock");
            assert_says_what_to_write(&error);
            assert_eq!(error.into_intents().len(), 1);
        }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn on_many_threads_it_works_in_a_runtime_entered_from_blocking_code() {
    let ran = Ran::new();
    let (one, two) = (Client(ran.clone()), Client(ran.clone()));
    let handle = tokio::runtime::Handle::current();
    let again = handle.clone();
    let spawned = tokio::spawn(async move {
        tokio::task::block_in_place(|| again.block_on(async { flush_inside(one) }))
    });
    spawned.await.expect("no panic").expect("flushed");
    let blocking = move || handle.block_on(async { flush_inside(two) });
    tokio::task::spawn_blocking(blocking).await.expect("no panic").expect("flushed");
    assert_eq!(ran.list(), ["1 sent", "1 sent"]);
}

/// Tokio gives a future so many steps before it has to yield, which one that is waited for can't.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn on_many_threads_it_takes_as_many_steps_as_it_needs() {
    struct Counts(Ran);
    impl Executor for Counts {
        async fn dispatch(&self, _: &mut Batch) -> Result<(), DispatchError> {
            let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
            tokio::spawn(async move { (0..1_000).try_for_each(|n| sender.send(n)) });
            let mut count = 0;
            while receiver.recv().await.is_some() {
                count += 1;
            }
            self.0.push(count.to_string());
            Ok(())
        }
    }
    let ran = Ran::new();
    flush_inside(Counts(ran.clone())).expect("flushed");
    let spawned = ran.clone();
    tokio::spawn(async move { flush_inside(Counts(spawned)) })
        .await
        .expect("no panic")
        .expect("flushed");
    assert_eq!(ran.list(), ["1000", "1000"]);
}

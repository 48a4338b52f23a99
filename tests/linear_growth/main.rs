//! Ten times as much costs about ten times as much, however it is nested.
//!
//! What is counted is work: the bytes that a body allocates at one size and at a multiple of it, and how often a
//! policy is asked. Going through a list again for each of its intents allocates nothing; it is found by a size at
//! which that would not end in minutes. Counting takes an allocator, so this is a binary of its own.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use airlock::{AllowAll, Intent, OnFailure, Verdict};
use allocation_counter::measure;

const MULTIPLE: u32 = 16;
const MANY: u32 = 500_000;

#[airlock::task]
fn quiet(n: u64) {
    let _ = n;
}

#[track_caller]
fn assert_linear(size: u32, body: impl Fn(u32) + Copy + Send + 'static) {
    let (small, large) = (allocated(size, body), allocated(size * MULTIPLE, body));
    // A list that has grown has room for up to twice of what is in it.
    let most = 2 * u64::from(MULTIPLE) * small;
    assert!(large <= most, "{size}: {small} bytes, {MULTIPLE} times that: {large} bytes");
}

/// The same, and a size at which a body that is quadratic would not end.
#[track_caller]
fn assert_linear_up_to_many(size: u32, body: impl Fn(u32) + Copy + Send + 'static) {
    assert_linear(size, body);
    on_a_large_stack(move || body(MANY));
}

/// How many bytes the body allocates in all, on a thread on which no scope has left its room.
fn allocated(size: u32, body: impl Fn(u32) + Send + 'static) -> u64 {
    on_a_large_stack(move || measure(|| body(size)).bytes_total)
}

/// Runs the body on a thread with room for scopes that are nested deep. Fails in place of a hang: what is linear
/// takes seconds.
#[track_caller]
fn on_a_large_stack<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, waiting) = channel();
    let thread = std::thread::Builder::new().stack_size(2 << 30);
    let thread = thread.spawn(move || done.send(body()).expect("it is waited for"));
    match waiting.recv_timeout(Duration::from_mins(5)) {
        Ok(value) => value,
        Err(RecvTimeoutError::Disconnected) => {
            let panic = thread.expect("a thread").join().expect_err("it has panicked");
            std::panic::resume_unwind(panic)
        }
        Err(RecvTimeoutError::Timeout) => panic!("it hangs"),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "an executor may fail")]
fn ignore(_: Intent) -> Result<(), std::convert::Infallible> {
    Ok(())
}

/// Is pending the first time.
async fn yield_once() {
    let mut yielded = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

fn number(intent: &Intent) -> u64 {
    intent.arguments_of::<quiet>().map_or(0, |(n,)| *n)
}

fn nest(depth: u32) {
    airlock::scope()
        .executor(ignore)
        .run(|| {
            quiet::enqueue(u64::from(depth)).expect("enqueued");
            if depth > 1 {
                nest(depth - 1);
            }
            quiet::enqueue(u64::from(depth)).expect("enqueued");
        })
        .expect("captured");
}

#[test]
fn captures_inside_one_another() {
    on_a_large_stack(|| {
        assert_linear(5_000, nest);
        // And in order: down, and up again.
        let (sent, ran) = channel();
        let note = move |intent: Intent| sent.send(number(&intent));
        airlock::scope().executor(note).run(|| nest(100_000)).expect("flushed");
        assert!(ran.iter().eq((1..=100_000).rev().chain(1..=100_000)));
    });
}

#[test]
fn captures_beside_one_another() {
    assert_linear_up_to_many(5_000, |size| {
        airlock::scope()
            .executor(ignore)
            .run(|| {
                for n in 0..size {
                    airlock::scope()
                        .run(|| quiet::enqueue(n.into()))
                        .expect("captured")
                        .expect("enqueued");
                    airlock::policy(AllowAll).run(|| quiet::enqueue(n.into())).expect("enqueued");
                }
            })
            .expect("flushed");
    });
}

fn under_policies(depth: u32, asked: &'static AtomicU64) {
    if depth == 0 {
        return quiet::enqueue(1).expect("enqueued");
    }
    let count = move |_: &Intent| {
        asked.fetch_add(1, Ordering::Relaxed);
        Verdict::Allow
    };
    airlock::policy(count).run(|| under_policies(depth - 1, asked));
}

#[test]
fn policies_inside_one_another_are_asked_once_each() {
    static ASKED: AtomicU64 = AtomicU64::new(0);
    on_a_large_stack(|| {
        airlock::scope().executor(ignore).run(|| under_policies(100_000, &ASKED)).expect("flushed");
        assert_eq!(ASKED.swap(0, Ordering::Relaxed), 100_000);
        assert_linear(5_000, |size| {
            airlock::scope()
                .executor(ignore)
                .run(|| under_policies(size, &ASKED))
                .expect("flushed");
        });
    });
}

#[test]
fn a_million_intents_keep_their_order() {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let in_order = |intent: Intent| {
        let expected = NEXT.fetch_add(1, Ordering::Relaxed);
        match intent.arguments_of::<quiet>() {
            Some((n,)) if *n == expected => Ok(()),
            _ => Err(format!("{} instead of {expected}", number(&intent))),
        }
    };
    airlock::scope()
        .executor(in_order)
        .run(|| (0..1_000_000).try_for_each(quiet::enqueue))
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(NEXT.load(Ordering::Relaxed), 1_000_000);
}

#[test]
fn many_intents_with_a_report() {
    assert_linear_up_to_many(5_000, |size| {
        let scope =
            airlock::scope().executor(ignore).policy(airlock::Limit::per_flush(size as usize / 2));
        let (_, sealed) = scope.seal(|| (0..u64::from(size)).try_for_each(quiet::enqueue));
        assert_eq!(sealed.flush().expect("flushed").enqueued(), size as usize);
    });
}

#[test]
fn many_intents_partly_released() {
    assert_linear_up_to_many(2_000, |size| {
        let even = |intent: &Intent| intent.arguments_of::<quiet>().is_some_and(|(n,)| n % 2 == 0);
        airlock::scope()
            .executor(ignore)
            .release(even)
            .run(|| {
                let inner = airlock::scope().executor(ignore).on_report(|_| ());
                inner.run(|| (0..u64::from(size)).try_for_each(quiet::enqueue)).expect("released")
            })
            .expect("flushed")
            .expect("enqueued");
    });
}

#[test]
fn many_failures() {
    assert_linear_up_to_many(2_000, |size| {
        let error = airlock::scope()
            .executor(|_: Intent| Err("no"))
            .on_failure(OnFailure::Continue)
            .run(|| (0..u64::from(size)).try_for_each(quiet::enqueue))
            .expect_err("all fail");
        assert_eq!(error.into_intents().len(), size as usize);
    });
}

#[test]
fn many_coalesced() {
    assert_linear_up_to_many(5_000, |size| {
        let scope = airlock::scope().executor(ignore).policy(airlock::Coalesce);
        let run =
            scope.run(|| (0..u64::from(size)).map(|n| n % 1_000).try_for_each(quiet::enqueue));
        run.expect("flushed").expect("enqueued");
    });
}

#[test]
fn cascades_wide_and_deep() {
    #[airlock::task]
    fn widen(left: u32) -> Result<(), airlock::EnqueueError> {
        if left > 0 {
            widen::enqueue(left - 1)?;
            quiet::enqueue(1)?;
        }
        Ok(())
    }
    assert_linear_up_to_many(2_000, |size| {
        let inline =
            airlock::Inline::builder().generations(u32::MAX).serving(airlock::tasks![widen]);
        let scope = airlock::scope().executor(inline.build().expect("no states"));
        scope.run(|| widen::enqueue(size)).expect("flushed").expect("enqueued");
    });
}

#[test]
fn polls_of_a_scoped_future() {
    assert_linear_up_to_many(5_000, |size| {
        let run = airlock::scope().executor(ignore).policy(AllowAll).run_async(async move {
            for n in 0..size {
                quiet::enqueue(n.into())?;
                yield_once().await;
            }
            Ok::<_, airlock::EnqueueError>(())
        });
        futures::executor::block_on(run).expect("flushed").expect("enqueued");
    });
}

//! Ten times as much costs about ten times as much, however it is nested.
//!
//! Each body is timed at one size and at a multiple of it: a quadratic one would take the square of
//! the multiple. The bound is generous, for machines that are busy.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use airlock::{AllowAll, Intent, OnFailure, Verdict};

use crate::support::{Ran, quiet, short};

const MULTIPLE: u32 = 16;

fn time(size: u32, body: &dyn Fn(u32)) -> Duration {
    let start = Instant::now();
    body(size);
    start.elapsed()
}

/// A machine that is busy gets a few attempts; what is quadratic fails them all.
#[track_caller]
fn assert_linear(size: u32, body: &dyn Fn(u32)) {
    let (mut small, mut large) = (Duration::MAX, Duration::MAX);
    for _ in 0..8 {
        small = small.min(time(size, body).max(Duration::from_millis(1)));
        large = large.min(time(size * MULTIPLE, body));
        // Caches and page faults cost more where there is more; a square would be past it by far.
        if large < small * MULTIPLE * 5 {
            return;
        }
    }
    panic!("{size}: {small:?}, {MULTIPLE} times that: {large:?}");
}

/// With room for scopes that are nested deep.
fn on_a_large_stack(body: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(2 << 30).spawn(body);
    thread.expect("a thread").join().expect("no panic");
}

#[expect(clippy::unnecessary_wraps, reason = "an executor may fail")]
fn ignore(_: Intent) -> Result<(), std::convert::Infallible> {
    Ok(())
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
        assert_linear(5_000, &nest);
        // And in order: down, and up again.
        let ran = Ran::new();
        airlock::scope().executor(ran.collector()).run(|| nest(100_000)).expect("flushed");
        let list = ran.list();
        assert_eq!(list.len(), 200_000);
        let down = (1..=100_000).rev().chain(1..=100_000).map(|n| format!("quiet(n: {n})"));
        assert!(list.into_iter().eq(down));
    });
}

#[test]
fn captures_beside_one_another() {
    assert_linear(5_000, &|size| {
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
        assert_linear(5_000, &|size| {
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
            _ => Err(format!("{} instead of {expected}", short(&intent))),
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
    assert_linear(5_000, &|size| {
        let scope =
            airlock::scope().executor(ignore).policy(airlock::Limit::per_flush(size as usize / 2));
        let (_, sealed) = scope.seal(|| (0..u64::from(size)).try_for_each(quiet::enqueue));
        assert_eq!(sealed.flush().expect("flushed").enqueued(), size as usize);
    });
}

#[test]
fn many_intents_partly_released() {
    assert_linear(2_000, &|size| {
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
    assert_linear(2_000, &|size| {
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
    assert_linear(5_000, &|size| {
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
    assert_linear(2_000, &|size| {
        let inline =
            airlock::Inline::builder().generations(u32::MAX).serving(airlock::tasks![widen]);
        let scope = airlock::scope().executor(inline.build().expect("no states"));
        scope.run(|| widen::enqueue(size)).expect("flushed").expect("enqueued");
    });
}

#[test]
fn polls_of_a_scoped_future() {
    assert_linear(5_000, &|size| {
        let run = airlock::scope().executor(ignore).policy(AllowAll).run_async(async move {
            for n in 0..size {
                quiet::enqueue(n.into())?;
                crate::support::yield_once().await;
            }
            Ok::<_, airlock::EnqueueError>(())
        });
        crate::support::block_on(run).expect("flushed").expect("enqueued");
    });
}

//! Every verdict is an event.

use std::fmt::Write as _;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::{Dispatch, Event, Level, Metadata, Subscriber, span};

use crate::support::{Ran, fail, note, panic_of, quiet, yield_once};

/// Keeps each event up to a level as `LEVEL target: message fate=…`.
#[derive(Clone)]
struct Log {
    level: Level,
    lines: Arc<Mutex<Vec<String>>>,
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            write!(self.0, " {value:?}").expect("a string");
        } else {
            write!(self.0, " {}={value:?}", field.name()).expect("a string");
        }
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(format!("{} {}:", event.metadata().level(), event.metadata().target()));
        event.record(&mut line);
        self.lines.lock().expect("not poisoned").push(line.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// What is logged up to `level` while `body` runs.
///
/// One at a time, and with one subscriber to everything that stays: `tracing` keeps what is listened to
/// for the whole process, and forgets it while subscribers come and go on other threads.
fn logged(level: Level, body: impl FnOnce()) -> Vec<String> {
    static STAYS: LazyLock<Dispatch> =
        LazyLock::new(|| Dispatch::new(Log { level: Level::TRACE, lines: Arc::default() }));
    static ONE: Mutex<()> = Mutex::new(());
    LazyLock::force(&STAYS);
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let log = Log { level, lines: Arc::default() };
    tracing::subscriber::with_default(log.clone(), body);
    let lines = log.lines.lock().expect("not poisoned");
    lines.iter().filter(|line| line.contains("airlock::")).cloned().collect()
}

#[track_caller]
fn assert_logged(lines: &[String], expected: &[&str]) {
    for expected in expected {
        let found = lines.iter().any(|line| expected.split(" … ").all(|part| line.contains(part)));
        assert!(found, "no line has `{expected}`:\n{}", lines.join("\n"));
    }
}

#[test]
fn what_became_of_each_intent_is_an_event() {
    let lines = logged(Level::DEBUG, || {
        let body = || {
            note::enqueue(1)?;
            quiet::enqueue(2)?;
            fail::enqueue(3)?;
            note::enqueue(4)
        };
        let scope = Ran::new().scope().named("checkout").policy(airlock::block_tasks![quiet]);
        scope.run(body).expect_err("one fails");
    });
    assert_logged(
        &lines,
        &[
            "DEBUG airlock::flush: … scope=\"checkout\" … task=\"it::support::note\" … fate=dispatched",
            "DEBUG airlock::flush: … quiet(n: 2) … fate=dropped by BlockTasks",
            "ERROR airlock::flush: … fail(n: 3) … fate=failed: no luck with 3",
            "WARN airlock::flush: … note(n: 4) … fate=not attempted",
        ],
    );
    assert_eq!(lines.len(), 4, "{lines:#?}");
}

#[test]
fn a_refusal_is_an_event() {
    let lines = logged(Level::DEBUG, || {
        let refused = airlock::scope().policy(airlock::AssertNoEffects).run(|| quiet::enqueue(1));
        assert!(refused.expect("nothing to flush").is_err());
    });
    assert_logged(
        &lines,
        &["DEBUG airlock::enqueue: … quiet(n: 1)` was refused by AssertNoEffects"],
    );
}

fn discards() {
    let failed = airlock::scope().run(|| quiet::enqueue(1).map_or(Ok(()), |()| Err("no")));
    assert!(failed.expect("nothing to flush").is_err());
    airlock::scope().seal(|| quiet::enqueue(2)).1.discard();
    panic_of(|| {
        airlock::scope().run(|| {
            quiet::enqueue(3).expect("enqueued");
            crate::support::explode("inside");
        })
    });
    let mut cancelled = Box::pin(airlock::scope().run_async(async {
        quiet::enqueue(4).expect("enqueued");
        yield_once().await;
    }));
    assert!(futures::FutureExt::now_or_never(&mut cancelled).is_none());
    drop(cancelled);
    drop(airlock::scope().seal(|| quiet::enqueue(5)).1);
}

#[test]
fn what_is_discarded_is_an_event() {
    let lines = logged(Level::DEBUG, discards);
    assert_logged(
        &lines,
        &[
            "DEBUG airlock::flush: … quiet(n: 1) … fate=discarded: error",
            "DEBUG airlock::flush: … quiet(n: 2) … fate=discarded: on request",
            "WARN airlock::flush: … quiet(n: 3) … fate=discarded: panic",
            "WARN airlock::flush: … quiet(n: 4) … fate=discarded: cancelled",
            "WARN airlock::flush: … quiet(n: 5) … fate=discarded: undecided",
            "WARN airlock::flush: … a sealed scope was dropped before anyone decided … intents=1",
        ],
    );
}

/// Most programs log at INFO: what is a warning has to get there.
#[test]
fn a_warning_needs_no_debug_log() {
    let lines = logged(Level::INFO, discards);
    assert!(!lines.iter().any(|line| line.starts_with("DEBUG")), "{lines:#?}");
    assert_logged(
        &lines,
        &[
            "WARN airlock::flush: … quiet(n: 3) … fate=discarded: panic",
            "WARN airlock::flush: … quiet(n: 4) … fate=discarded: cancelled",
            "WARN airlock::flush: … a sealed scope was dropped before anyone decided",
        ],
    );
}

#[test]
fn a_captured_intent_is_an_event_of_the_scope_it_left() {
    let lines = logged(Level::DEBUG, || {
        airlock::scope()
            .named("outer")
            .run(|| airlock::scope().named("inner").run(|| quiet::enqueue(1)).expect("captured"))
            .expect("flushed")
            .expect("enqueued");
    });
    assert_logged(
        &lines,
        &[
            "scope=\"inner\" … fate=captured by the enclosing scope",
            "scope=\"outer\" … fate=dispatched",
        ],
    );
}

#[test]
fn a_flush_that_is_dropped_half_way_is_a_warning() {
    #[airlock::task]
    async fn hang() {
        futures::future::pending::<()>().await;
    }
    let lines = logged(Level::INFO, || {
        let mut run = Box::pin(airlock::scope().run_async(async {
            quiet::enqueue(1)?;
            hang::enqueue()
        }));
        assert!(futures::FutureExt::now_or_never(&mut run).is_none());
        drop(run);
    });
    assert_logged(
        &lines,
        &["WARN airlock::flush: … a flush was dropped before its end: 1 dispatched, 1 discarded"],
    );
}

#[test]
fn log_on_flush_logs_what_gets_as_far_as_it_and_no_inspection() {
    let lines = logged(Level::INFO, || {
        let (_, sealed) = airlock::scope().policy(airlock::LogOnFlush::default()).seal(|| {
            quiet::enqueue(1)?;
            airlock::policy(airlock::DropAll).run(|| quiet::enqueue(2))
        });
        sealed.inspect();
        sealed.flush().expect("flushed");
    });
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert_logged(&lines, &["INFO airlock::flush: … it::support::quiet(n: 1)"]);
}

#[test]
fn what_fails_in_the_background_is_an_error_event() {
    // The pool's threads have no subscriber of their own: a task of Tokio on this thread has.
    let lines = logged(Level::INFO, || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let tasks = airlock::tokio::Tasks::builder()
                .state(Ran::new())
                .serving(airlock::tasks![fail])
                .build();
            let tasks = tasks.expect("given");
            let run =
                airlock::scope().executor(tasks.clone()).run_async(async { fail::enqueue(1) });
            run.await.expect("handed over").expect("enqueued");
            tasks.finished().await;
        });
    });
    assert_logged(&lines, &["ERROR airlock::flush: … fail(n: 1)` failed: no luck with 1"]);
}

#[test]
fn no_event_shows_a_secret() {
    #[airlock::task]
    fn login(#[secret] password: String) -> Result<(), &'static str> {
        drop(password);
        Err("denied")
    }
    let lines = logged(Level::TRACE, || {
        let scope = || airlock::scope().policy(airlock::LogOnFlush::default());
        scope().run(|| login::enqueue("hunter2".into())).expect_err("denied");
        scope()
            .policy(airlock::DropAll)
            .run(|| login::enqueue("hunter2".into()))
            .expect("dropped")
            .expect("enqueued");
        let refused =
            scope().policy(airlock::AssertNoEffects).run(|| login::enqueue("hunter2".into()));
        assert!(refused.expect("nothing to flush").is_err());
        drop(scope().seal(|| login::enqueue("hunter2".into())).1);
    });
    assert!(lines.iter().filter(|line| line.contains("[secret]")).count() >= 4, "{lines:#?}");
    assert!(!lines.iter().any(|line| line.contains("hunter2")), "{lines:#?}");
}

/// Any client that hangs up cancels its request's scope, however much that has enqueued.
#[test]
fn many_intents_of_one_fate_are_one_warning() {
    const MANY: u64 = 15_000;
    let cancel = || {
        let mut cancelled = Box::pin(airlock::scope().named("import").run_async(async {
            (0..MANY).for_each(|n| quiet::enqueue(n).expect("enqueued"));
            yield_once().await;
        }));
        assert!(futures::FutureExt::now_or_never(&mut cancelled).is_none());
        drop(cancelled);
    };
    let lines = logged(Level::INFO, cancel);
    assert_eq!(lines.len(), 1, "{} lines", lines.len());
    assert_logged(
        &lines,
        &["WARN airlock::flush: 15000 intents: it::support::quiet(n: 0): discarded: cancelled; … \
           ; and 14997 more … scope=\"import\" … intents=15000 … fate=discarded: cancelled"],
    );
    assert!(lines[0].len() < 500, "{lines:#?}");
    // Each is there for those who look for it.
    let lines = logged(Level::DEBUG, cancel);
    assert_eq!(lines.iter().filter(|line| line.starts_with("DEBUG")).count(), 15_000);
}

#[test]
fn each_fate_of_a_scope_is_one_event() {
    let lines = logged(Level::INFO, || {
        let scope = Ran::new().scope().on_failure(airlock::OnFailure::Continue);
        scope.run(|| (0..100).try_for_each(|n| fail::enqueue(n))).expect_err("all fail");
        let scope = Ran::new().scope();
        scope.run(|| (0..100).try_for_each(|n| fail::enqueue(n))).expect_err("the first fails");
        panic_of(|| {
            airlock::scope().run(|| {
                (0..100).for_each(|n| quiet::enqueue(n).expect("enqueued"));
                crate::support::explode("inside");
            })
        });
        drop(airlock::scope().seal(|| (0..100).try_for_each(|n| quiet::enqueue(n))).1);
    });
    assert_logged(
        &lines,
        &[
            "ERROR airlock::flush: 100 intents: it::support::fail(n: 0): failed: no luck with 0; … and 97 more",
            "ERROR airlock::flush: it::support::fail(n: 0): failed: no luck with 0 … intents=1",
            "WARN airlock::flush: 99 intents: … not attempted; and 96 more",
            "WARN airlock::flush: 100 intents: … discarded: panic; and 97 more",
            "WARN airlock::flush: 100 intents: … discarded: undecided; and 97 more",
            "WARN airlock::flush: a sealed scope was dropped before anyone decided",
        ],
    );
    assert_eq!(lines.len(), 6, "{lines:#?}");
}

//! Executors around executors: retry, timeout, fallback and route, alone and in one another.

use std::collections::{BTreeSet, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use airlock::envelope::{Envelope, of_batch};
use airlock::{
    Backoff, Batch, DispatchError, Executor, Fallback, Fate, FlushError, Inline, Intent, OnFailure,
    Report, Retry, Route, States, Timeout, tasks,
};
use futures::future::BoxFuture;
use proptest::prelude::*;

use crate::support::{
    Ran, Reports, anote, assert_adds_up, block_on, fail, fates, note, quiet, short, yield_once,
};

type Answer = Result<(), DispatchError>;

/// Notes each batch as one line, and answers it with the next answer; with the last for ever.
struct Answers {
    ran: Ran,
    answers: Mutex<VecDeque<fn() -> Answer>>,
}

impl Answers {
    fn new<const N: usize>(ran: &Ran, answers: [fn() -> Answer; N]) -> Self {
        Self { ran: ran.clone(), answers: Mutex::new(answers.into_iter().collect()) }
    }
}

impl Executor for Answers {
    async fn dispatch(&self, batch: &mut Batch) -> Answer {
        let numbers: Vec<_> = batch.iter().map(|intent| number(intent).to_string()).collect();
        self.ran.push(numbers.join(" "));
        yield_once().await;
        let answer = {
            let mut answers = self.answers.lock().expect("not poisoned");
            if answers.len() > 1 { answers.pop_front() } else { answers.front().copied() }
        };
        answer.expect("there is one")()
    }
}

fn number(intent: &Intent) -> u64 {
    intent.arguments()["n"].as_u64().expect("each task here has a number")
}

fn shortly() -> Backoff {
    Backoff::new(Duration::from_millis(1))
}

fn flush(executor: impl Executor, intents: u64) -> Result<(), FlushError> {
    flush_with(executor, OnFailure::Stop, intents)
}

fn flush_with(
    executor: impl Executor,
    on_failure: OnFailure,
    intents: u64,
) -> Result<(), FlushError> {
    let scope = airlock::scope().executor(executor).on_failure(on_failure);
    scope.run(|| (0..intents).try_for_each(quiet::enqueue)).map(|done| done.expect("enqueued"))
}

/// What became of each intent, without the task's name.
fn became(error: &FlushError) -> Vec<String> {
    error.report().entries().iter().map(|entry| entry.fate().to_string()).collect()
}

fn numbers(intents: &[Intent]) -> Vec<u64> {
    intents.iter().map(number).collect()
}

#[test]
fn retry_sends_what_is_left_alone_and_in_order() {
    let ran = Ran::new();
    let answers = Answers::new(
        &ran,
        [
            || DispatchError::each(vec![(1, "busy".into()), (3, "busy".into())]),
            || Err(DispatchError::at(1, "busy")),
            || Ok(()),
        ],
    );
    flush(Retry::new(answers).backoff(shortly()), 5).expect("out in the end");
    assert_eq!(ran.list(), ["0 1 2 3 4", "1 3", "3"]);
}

#[test]
fn retry_takes_along_what_was_not_attempted() {
    let ran = Ran::new();
    let answers = Answers::new(&ran, [|| Err(DispatchError::at(2, "busy")), || Ok(())]);
    flush(Retry::new(answers).backoff(shortly()), 5).expect("out in the end");
    assert_eq!(ran.list(), ["0 1 2 3 4", "2 3 4"]);
}

/// Makes envelopes as engines do, and is busy the first time.
struct Enveloping {
    made: Arc<Mutex<Vec<Vec<Envelope>>>>,
    busy: bool,
}

impl Executor for Enveloping {
    async fn dispatch(&self, batch: &mut Batch) -> Answer {
        let envelopes = of_batch(batch, "Enveloping", &["delay", "expires"])?;
        let mut made = self.made.lock().expect("not poisoned");
        made.push(envelopes);
        std::thread::sleep(Duration::from_millis(5));
        if self.busy && made.len() == 1 { Err(DispatchError::refused("busy")) } else { Ok(()) }
    }
}

/// Delays and lifetimes count from the flush, however often and in whatever parts it is dispatched.
#[test]
fn a_flush_has_one_time() {
    let (made, intent) = (Arc::<Mutex<Vec<_>>>::default(), || {
        quiet::intent(1).delay(Duration::from_mins(1)).expires(Duration::from_hours(1))
    });
    let executor = |busy| Enveloping { made: made.clone(), busy };
    let scopes = [
        airlock::scope().executor(Retry::new(executor(true)).backoff(shortly())),
        airlock::scope().executor(executor(false)).chunks(1),
        airlock::scope().executor(Fallback::new(executor(true), executor(false))),
    ];
    for scope in scopes {
        let run = scope
            .run_async(async { [intent(), intent()].into_iter().try_for_each(Intent::enqueue) });
        block_on(run).expect("out in the end").expect("enqueued");
        let made = std::mem::take(&mut *made.lock().expect("not poisoned"));
        assert_eq!(made.len(), 2, "in two goes");
        let times =
            |envelope: &Envelope| (envelope.enqueued_at(), envelope.at(), envelope.expires());
        let all: Vec<_> = made.iter().flatten().map(times).collect();
        assert!(all.iter().all(|one| *one == all[0]), "{all:?}");
    }
}

#[test]
fn retry_says_what_is_still_here_and_how_often_it_was_tried() {
    let ran = Ran::new();
    let answers = Answers::new(
        &ran,
        [
            || DispatchError::each(vec![(1, "busy".into()), (3, "busy".into())]),
            || Err(DispatchError::at(1, "still busy")),
            || Err(DispatchError::refused("down")),
        ],
    );
    let error = flush(Retry::new(answers).attempts(3).backoff(shortly()), 5).expect_err("down");
    assert_eq!(ran.list(), ["0 1 2 3 4", "1 3", "3"]);
    let expected =
        ["dispatched", "dispatched", "dispatched", "failed: tried 3 times: down", "dispatched"];
    assert_eq!(became(&error), expected);
    assert_eq!(numbers(&error.into_intents()), [3]);
}

#[test]
fn retry_of_a_refusal_is_a_refusal() {
    let ran = Ran::new();
    let answers = Answers::new(&ran, [|| Err(DispatchError::refused("down"))]);
    let error = flush(Retry::new(answers).attempts(2).backoff(shortly()), 3).expect_err("down");
    assert_eq!(ran.list(), ["0 1 2", "0 1 2"]);
    assert_eq!(became(&error), ["not attempted"; 3]);
    assert!(error.to_string().starts_with("nothing was dispatched: tried 2 times: down"));
    assert_eq!(numbers(&error.into_intents()), [0, 1, 2]);
}

#[test]
fn retry_once_is_no_retry() {
    let answers = Answers::new(&Ran::new(), [|| Err(DispatchError::at(0, "busy"))]);
    let error = flush(Retry::new(answers).attempts(0), 1).expect_err("busy");
    assert_eq!(became(&error), ["failed: busy"]);
}

#[test]
fn retry_waits_longer_each_time() {
    let ran = Ran::new();
    let answers = Answers::new(&ran, [|| Err(DispatchError::all("busy"))]);
    let backoff = Backoff::new(Duration::from_millis(20)).exact();
    let began = Instant::now();
    flush(Retry::new(answers).attempts(4).backoff(backoff), 1).expect_err("busy");
    assert_eq!(ran.list().len(), 4);
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(20 + 40 + 80), "{took:?}");
}

#[test]
fn retry_counts_a_panic_as_a_failure() {
    let calls = Mutex::new(0);
    let panics = move |intent: Intent| {
        let mut calls = calls.lock().expect("not poisoned");
        *calls += 1;
        let first = *calls == 2;
        drop(calls);
        if first {
            std::panic::resume_unwind(Box::new("on purpose"));
        }
        drop(intent);
        Ok::<_, String>(())
    };
    flush(Retry::new(panics).backoff(shortly()), 3).expect("out in the end");
}

#[test]
fn retry_runs_under_a_runtime_without_timers() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("it starts");
    let ran = Ran::new();
    let answers = Answers::new(&ran, [|| Err(DispatchError::at(1, "busy")), || Ok(())]);
    let scope = airlock::scope().executor(Retry::new(answers).backoff(shortly()));
    let run = scope.run_async(async { (0..3).try_for_each(quiet::enqueue) });
    runtime.block_on(run).expect("out in the end").expect("enqueued");
    assert_eq!(ran.list(), ["0 1 2", "1 2"]);
}

#[test]
fn retry_runs_tasks_here_with_what_they_enqueue() {
    #[airlock::task]
    fn parent(#[state] ran: &Ran, n: u64) -> Result<(), String> {
        note::enqueue(n + 10).map_err(|error| error.to_string())?;
        ran.push(format!("parent {n}"));
        if n == 1 && ran.list().iter().filter(|line| *line == "parent 1").count() == 1 {
            return Err("once more".into());
        }
        Ok(())
    }
    let ran = Ran::new();
    let inline = Inline::builder().state(ran.clone()).serving(tasks![parent, note]).build();
    let reports = Reports::new();
    airlock::scope()
        .executor(Retry::new(inline.expect("it is complete")).backoff(shortly()))
        .on_report(reports.keep())
        .run(|| (0..3).try_for_each(parent::enqueue))
        .expect("out in the end")
        .expect("enqueued");
    assert_eq!(
        ran.list(),
        ["parent 0", "parent 1", "parent 1", "parent 2", "note 10", "note 11", "note 12"]
    );
    // What the attempt that failed has enqueued is discarded, and told.
    let report = reports.only();
    assert_eq!((report.enqueued(), report.dispatched(), report.discarded()), (7, 6, 1), "{report}");
}

#[airlock::task]
async fn hang(n: u64) {
    std::future::pending::<()>().await;
    unreachable!("{n} waits for ever");
}

#[test]
fn timeout_tells_what_left_and_hands_the_rest_back() {
    let ran = Ran::new();
    let inline = Inline::builder().state(ran.clone()).serving(tasks![anote, hang]).build();
    let inline = inline.expect("it is complete");
    let scope = airlock::scope().executor(Timeout::new(inline, Duration::from_millis(20)));
    let run = scope.run_async(async {
        anote::enqueue(0)?;
        hang::enqueue(1)?;
        anote::enqueue(2)
    });
    let error = block_on(run).expect_err("it hangs");
    assert_eq!(ran.list(), ["anote 0"]);
    let late = "failed: not done within 20ms: it may have left all the same";
    assert_eq!(became(&error), ["dispatched", late, late]);
    assert_eq!(numbers(&error.into_intents()), [1, 2]);
}

#[test]
fn timeout_tells_what_the_task_had_enqueued_that_it_cut_off() {
    #[airlock::task]
    async fn enqueue_and_hang(n: u64) {
        quiet::enqueue(n + 1).expect("it has a scope of its own");
        std::future::pending::<()>().await;
    }
    let inline = || Inline::builder().serving(tasks![]).build().expect("it asks for nothing");
    let limit = Duration::from_millis(20);
    // By itself, and as a part of a batch.
    let route = Route::to(Timeout::new(inline(), limit)).tasks(tasks![enqueue_and_hang]);
    let nested = route.otherwise(inline());
    for executor in [Any(Arc::new(Timeout::new(inline(), limit))), Any(Arc::new(nested))] {
        let run = airlock::scope().executor(executor).run_async(async {
            quiet::enqueue(1)?;
            enqueue_and_hang::enqueue(2)
        });
        let error = block_on(run).expect_err("it hangs");
        let report = error.report();
        assert_adds_up(report, 3);
        assert_eq!((report.failed(), report.discarded()), (1, 1), "{report}");
        assert_eq!(report.entries()[2].arguments()["n"], 3);
    }
}

#[test]
fn timeout_leaves_alone_what_is_in_time() {
    let ran = Ran::new();
    let slow = Answers::new(&ran, [|| DispatchError::each(vec![(1, "busy".into())])]);
    let error = flush(Timeout::new(slow, Duration::from_mins(1)), 3).expect_err("busy");
    assert_eq!(became(&error), ["dispatched", "failed: busy", "dispatched"]);
}

struct Never;

impl Executor for Never {
    async fn dispatch(&self, _: &mut Batch) -> Answer {
        std::future::pending().await
    }
}

#[test]
fn timeout_ends_a_retry_that_would_go_on() {
    let answers = Answers::new(&Ran::new(), [|| DispatchError::each(vec![(1, "busy".into())])]);
    let retry = Retry::new(answers).backoff(Backoff::new(Duration::from_hours(1)));
    let error = flush(Timeout::new(retry, Duration::from_millis(20)), 3).expect_err("busy");
    assert_eq!(became(&error), ["dispatched", "failed: busy", "dispatched"]);
}

#[test]
fn fallback_takes_what_the_first_left() {
    let (first, second) = (Ran::new(), Ran::new());
    let broker = Answers::new(&first, [|| Err(DispatchError::at(1, "cut"))]);
    let file = Answers::new(&second, [|| Ok(())]);
    flush(Fallback::new(broker, file), 4).expect("in the file");
    assert_eq!((first.list(), second.list()), (vec!["0 1 2 3".into()], vec!["1 2 3".into()]));
}

#[test]
fn fallback_is_not_asked_where_the_first_succeeds() {
    let second = Ran::new();
    let first = Answers::new(&Ran::new(), [|| Ok(())]);
    let file = Answers::new(&second, [|| Ok(())]);
    flush(Fallback::new(first, file), 2).expect("out");
    assert!(second.list().is_empty());
}

/// What the first answers, what the second does, and what becomes of three intents.
type Case = (fn() -> Answer, fn() -> Answer, [&'static str; 3]);

#[test]
fn fallback_gives_both_reasons() {
    let ran = Ran::new();
    let cases: [Case; 4] = [
        (
            || Err(DispatchError::at(1, "cut")),
            || Err(DispatchError::all("full")),
            ["dispatched", "failed: full, after: cut", "failed: full, after: cut"],
        ),
        (
            || Err(DispatchError::at(1, "cut")),
            || Err(DispatchError::refused("shut")),
            ["dispatched", "failed: shut, after: cut", "not attempted"],
        ),
        (
            || DispatchError::each(vec![(0, "a".into()), (2, "b".into())]),
            || Err(DispatchError::at(0, "full")),
            ["failed: full, after: a", "dispatched", "failed: b"],
        ),
        (
            || Err(DispatchError::refused("down")),
            || Err(DispatchError::at(1, "full")),
            ["dispatched", "failed: full, after: down", "not attempted"],
        ),
    ];
    for (first, second, expected) in cases {
        let fallback = Fallback::new(Answers::new(&ran, [first]), Answers::new(&ran, [second]));
        assert_eq!(became(&flush(fallback, 3).expect_err("both")), expected);
    }
}

#[test]
fn fallback_where_both_refuse_is_a_refusal() {
    let down = Answers::new(&Ran::new(), [|| Err(DispatchError::refused("down"))]);
    let shut = Answers::new(&Ran::new(), [|| Err(DispatchError::refused("shut"))]);
    let error = flush(Fallback::new(down, shut), 2).expect_err("both");
    assert!(error.to_string().starts_with("nothing was dispatched: shut, after: down"), "{error}");
    assert_eq!(error.report().not_attempted(), 2);
}

#[test]
fn an_intent_that_is_gone_is_not_sent_again() {
    #[airlock::task(local)]
    fn reply(n: u64, to: Unique) {
        let _ = (n, to);
    }
    /// Can't be copied.
    struct Unique;
    let seen = Ran::new();
    let kept = seen.clone();
    // A closure gets the intent itself, where there can be no copy.
    let first = |_: Intent| Err("busy");
    let second = move |intent: Intent| {
        kept.push(intent.name());
        Ok::<_, String>(())
    };
    let error = airlock::scope()
        .executor(Fallback::new(first, second))
        .run(|| reply::enqueue(1, Unique))
        .expect_err("the first has it");
    assert_eq!(became(&error), ["failed: busy"]);
    assert!(seen.list().is_empty());
}

fn third(remainder: u64) -> impl Fn(&Intent) -> bool + Send + Sync + 'static {
    move |intent| number(intent) % 3 == remainder
}

#[test]
fn route_gives_each_executor_one_batch_in_order() {
    let ran = Ran::new();
    let ok = || Answers::new(&ran, [|| Ok(())]);
    let route = Route::to(ok()).when(third(1)).and_to(ok()).when(third(0)).otherwise(ok());
    flush(route, 8).expect("out");
    assert_eq!(ran.list(), ["1 4 7", "0 3 6", "2 5"]);
}

#[test]
fn route_goes_by_task_by_queue_and_by_rule_and_the_first_that_takes_it_has_it() {
    #[airlock::task(queue = "emails")]
    fn mail(n: u64) {
        let _ = n;
    }
    let ran = Ran::new();
    let named = |name: &'static str| {
        let ran = ran.clone();
        move |intent: Intent| {
            ran.push(format!("{name}: {}", short(&intent)));
            Ok::<_, String>(())
        }
    };
    let route = Route::to(named("tasks"))
        .tasks(tasks![note, fail])
        .and_to(named("queue"))
        .queue("emails")
        .and_to(named("rule"))
        .when(|intent| number(intent) > 5)
        .otherwise(named("otherwise"));
    let scope = airlock::scope().executor(route);
    scope
        .run(|| {
            quiet::enqueue(1)?;
            mail::enqueue(2)?;
            mail::intent(3).queue("bulk").enqueue()?;
            quiet::intent(4).queue("emails").enqueue()?;
            note::intent(5).queue("emails").enqueue()?;
            mail::enqueue(6)?;
            quiet::enqueue(7)
        })
        .expect("out")
        .expect("enqueued");
    assert_eq!(
        ran.list(),
        [
            "tasks: note(n: 5)",
            "queue: mail(n: 2)",
            "queue: quiet(n: 4)",
            "queue: mail(n: 6)",
            "rule: quiet(n: 7)",
            "otherwise: quiet(n: 1)",
            "otherwise: mail(n: 3)",
        ]
    );
}

#[test]
fn route_stops_behind_a_target_that_fails() {
    let ran = Ran::new();
    let route = |answer: fn() -> Answer| {
        let ok = || Answers::new(&ran, [|| Ok(())]);
        let failing = Answers::new(&ran, [answer]);
        Route::to(ok()).when(third(1)).and_to(failing).when(third(0)).otherwise(ok())
    };
    let busy: fn() -> Answer = || Err(DispatchError::at(1, "busy"));
    let error = flush(route(busy), 8).expect_err("busy");
    assert_eq!(ran.list(), ["1 4 7", "0 3 6"]);
    assert_eq!(
        fates(error.report()),
        [
            "quiet: dispatched",
            "quiet: dispatched",
            "quiet: not attempted",
            "quiet: failed: busy",
            "quiet: dispatched",
            "quiet: not attempted",
            "quiet: not attempted",
            "quiet: dispatched",
        ]
    );
    let arguments: Vec<_> =
        error.report().entries().iter().map(|entry| entry.arguments()["n"].clone()).collect();
    assert_eq!(arguments, [0, 1, 2, 3, 4, 5, 6, 7], "the report keeps the order of enqueue");
    let (report, failed, rest) = error.into_parts();
    assert_adds_up(&report, 8);
    assert_eq!(failed.len(), 1);
    assert!(failed[0].intent.as_ref().is_some_and(|intent| number(intent) == 3));
    assert_eq!(numbers(&rest), [2, 5, 6]);

    let error = flush_with(route(busy), OnFailure::Continue, 8).expect_err("busy");
    assert_eq!(error.report().dispatched(), 6);
    assert_eq!(numbers(&error.into_intents()), [3, 6]);

    let refuses = route(|| Err(DispatchError::refused("down")));
    let error = flush_with(refuses, OnFailure::Continue, 8).expect_err("down");
    assert_eq!(error.report().entries()[0].fate().to_string(), "failed: down");
    assert_eq!(error.report().not_attempted(), 2);
    assert_eq!(numbers(&error.into_intents()), [0, 3, 6]);
}

#[test]
fn route_keeps_duplicates_and_what_policies_dropped_in_their_places() {
    /// Holds the keys of all but the first.
    struct Holds;
    impl Executor for Holds {
        async fn dispatch(&self, batch: &mut Batch) -> Answer {
            (1..batch.len()).for_each(|index| batch.left_out(index));
            Ok(())
        }
    }
    let busy = Answers::new(&Ran::new(), [|| Err(DispatchError::at(0, "busy"))]);
    let error = airlock::scope()
        .policy(airlock::block_tasks![note])
        .executor(Route::to(Holds).when(third(1)).otherwise(busy))
        .run(|| (0..8).try_for_each(|n| if n == 4 { note::enqueue(n) } else { quiet::enqueue(n) }))
        .expect_err("busy");
    let expected = [
        "failed: busy",
        "dispatched",
        "not attempted",
        "not attempted",
        "dropped by BlockTasks",
        "not attempted",
        "not attempted",
    ];
    assert_eq!(became(&error)[..7], expected);
    assert_eq!(error.report().entries()[7].fate(), &Fate::Duplicate);
}

#[test]
fn a_rule_that_panics_lets_nothing_out() {
    let ran = Ran::new();
    let ok = || Answers::new(&ran, [|| Ok(())]);
    let panics = |intent: &Intent| {
        if number(intent) == 2 {
            std::panic::resume_unwind(Box::new("on purpose"));
        }
        true
    };
    let error = flush(Route::to(ok()).when(panics).otherwise(ok()), 3).expect_err("it panics");
    assert!(ran.list().is_empty());
    assert_eq!(error.report().failed(), 3);
    assert_eq!(numbers(&error.into_intents()), [0, 1, 2]);
}

#[test]
fn a_flush_dropped_between_two_routes_tells_which_left() {
    let reports = Reports::new();
    let ok = Answers::new(&Ran::new(), [|| Ok(())]);
    let route = Route::to(ok).when(third(1)).otherwise(Never);
    let scope = airlock::scope().executor(route).on_report(reports.keep());
    let mut run = Box::pin(scope.run_async(async { (0..5).try_for_each(quiet::enqueue) }));
    block_on(async {
        for _ in 0..5 {
            assert!(futures::poll!(&mut run).is_pending());
        }
    });
    drop(run);
    let report = reports.only();
    assert_adds_up(&report, 5);
    let left: Vec<_> = report
        .entries()
        .iter()
        .filter(|entry| *entry.fate() == Fate::Dispatched)
        .map(|entry| entry.arguments()["n"].clone())
        .collect();
    assert_eq!(left, [1, 4]);
    assert_eq!(report.discarded(), 3);
}

/// What is told of each of four intents where the flush is dropped that their executor never ends.
fn dropped(executor: impl Executor, intents: impl IntoIterator<Item = Intent>) -> Vec<String> {
    let reports = Reports::new();
    let scope = airlock::scope().executor(executor).on_report(reports.keep());
    let enqueue = async { intents.into_iter().try_for_each(Intent::enqueue) };
    let mut run = Box::pin(scope.run_async(enqueue));
    block_on(async {
        for _ in 0..10 {
            assert!(futures::poll!(&mut run).is_pending());
        }
    });
    drop(run);
    let report = reports.only();
    assert_adds_up(&report, 4);
    report.entries().iter().map(|entry| entry.fate().to_string()).collect()
}

const DISCARDED: &str = "discarded: cancelled";

/// The first one may have sent what it could not confirm.
#[test]
fn a_flush_dropped_in_a_fallback_tells_what_failed_at_the_first() {
    let told = |first: fn() -> Answer| {
        let fallback = Fallback::new(Answers::new(&Ran::new(), [first]), Never);
        dropped(fallback, (0..4).map(quiet::intent))
    };
    let cut = || DispatchError::each(vec![(1, "cut".into()), (3, "cut".into())]);
    assert_eq!(told(cut), ["dispatched", "failed: cut", "dispatched", "failed: cut"]);
    let stopped = || Err(DispatchError::at(1, "cut"));
    assert_eq!(told(stopped), ["dispatched", "failed: cut", DISCARDED, DISCARDED]);
    assert_eq!(told(|| Err(DispatchError::all("cut"))), ["failed: cut"; 4]);
    assert_eq!(told(|| Err(DispatchError::refused("down"))), [DISCARDED; 4]);
}

/// Somebody's own executor, which gives to the second what the first failed with.
struct Own<First, Second>(First, Second);

impl<First: Executor, Second: Executor> Executor for Own<First, Second> {
    async fn dispatch(&self, batch: &mut Batch) -> Answer {
        match self.0.dispatch(batch).await {
            Ok(()) => Ok(()),
            Err(_) => self.1.dispatch(batch).await,
        }
    }
}

/// Says that two are on their way, and then that all failed.
struct Unconfirmed;

impl Executor for Unconfirmed {
    async fn dispatch(&self, batch: &mut Batch) -> Answer {
        batch.sending(0..2);
        yield_once().await;
        Err(DispatchError::all("cut"))
    }
}

#[test]
fn what_one_of_several_executors_may_have_sent_stays_in_doubt() {
    const DOUBT: &str = "failed: nobody waited for the answer: it may have left all the same";
    let inline = || {
        let inline = Inline::builder().state(Ran::new()).serving(tasks![anote, hang]);
        inline.build().expect("it is complete")
    };
    // The first of these runs, and the second one is being waited for.
    let intents = || [anote::intent(0), hang::intent(1), anote::intent(2), anote::intent(3)];
    let fails_at = |failing| {
        move |intent: Intent| if number(&intent) == failing { Err("cut") } else { Ok(()) }
    };

    assert_eq!(
        dropped(Own(Unconfirmed, inline()), intents()),
        ["dispatched", DOUBT, DISCARDED, DISCARDED],
    );
    assert_eq!(
        dropped(Own(fails_at(2), inline()), intents()),
        ["dispatched", DOUBT, DOUBT, DISCARDED],
    );
    assert_eq!(dropped(Own(fails_at(1), Never), intents()), [DOUBT, DOUBT, DISCARDED, DISCARDED],);
    // Executors of ours in between know better of what is theirs.
    let retry = Retry::new(fails_at(0)).backoff(Backoff::new(Duration::from_hours(1)));
    assert_eq!(
        dropped(Own(Unconfirmed, retry), intents()),
        ["failed: cut", DOUBT, DISCARDED, DISCARDED],
    );
    let route = Route::to(fails_at(1)).when(third(1)).otherwise(inline());
    assert_eq!(dropped(Own(route, Never), intents()), [DOUBT, DOUBT, DISCARDED, DISCARDED],);
}

#[test]
fn wrappers_wait_where_what_they_wrap_waits() {
    let inline = || Inline::builder().serving(tasks![]).build().expect("it asks for nothing");
    assert!(!Timeout::new(inline(), Duration::from_secs(1)).blocks());
    assert!(!Route::to(inline()).queue("a").otherwise(inline()).blocks());
    assert!(!Fallback::new(inline(), inline()).blocks());
    assert!(Timeout::new(Never, Duration::from_secs(1)).blocks());
    assert!(Route::to(inline()).queue("a").otherwise(Never).blocks());
    assert!(Fallback::new(inline(), Never).blocks());
    assert!(Retry::new(inline()).blocks(), "between attempts it waits");
}

/// An executor of any type, as a user may have one.
#[derive(Clone)]
struct Any(Arc<dyn Erased>);

trait Erased: Send + Sync {
    fn erased<'a>(&'a self, batch: &'a mut Batch) -> BoxFuture<'a, Answer>;
}

impl<E: Executor> Erased for E {
    fn erased<'a>(&'a self, batch: &'a mut Batch) -> BoxFuture<'a, Answer> {
        Box::pin(self.dispatch(batch))
    }
}

impl Executor for Any {
    async fn dispatch(&self, batch: &mut Batch) -> Answer {
        let dispatch: Pin<Box<dyn Future<Output = Answer> + Send>> = self.0.erased(batch);
        dispatch.await
    }
}

/// Executors in executors.
#[derive(Clone, Debug)]
enum Tree {
    Engine(Vec<Act>),
    Inline,
    Retry(u32, Box<Tree>),
    Timeout(Box<Tree>),
    Fallback(Box<Tree>, Box<Tree>),
    Route(u64, Box<Tree>, Box<Tree>),
}

/// What an engine does with one batch; numbers are taken modulo its length.
#[derive(Clone, Debug)]
struct Act {
    yields: usize,
    ends: Ends,
    /// Which it holds the unique keys of.
    duplicates: u8,
    takes: bool,
}

#[derive(Clone, Debug)]
enum Ends {
    Well,
    At(usize),
    Only(usize),
    Each(u16),
    All,
    Refused,
    Panics,
    Hangs,
}

fn act() -> impl Strategy<Value = Act> {
    let ends = prop_oneof![
        3 => Just(Ends::Well),
        3 => (0_usize..8).prop_map(Ends::At),
        1 => (0_usize..8).prop_map(Ends::Only),
        3 => any::<u16>().prop_map(Ends::Each),
        1 => Just(Ends::All),
        1 => Just(Ends::Refused),
        1 => Just(Ends::Panics),
        1 => Just(Ends::Hangs),
    ];
    (0_usize..3, ends, any::<u8>(), any::<bool>())
        .prop_map(|(yields, ends, duplicates, takes)| Act { yields, ends, duplicates, takes })
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        4 => prop::collection::vec(act(), 1..5).prop_map(Tree::Engine),
        1 => Just(Tree::Inline),
    ];
    leaf.prop_recursive(4, 12, 2, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        prop_oneof![
            (1_u32..4, boxed()).prop_map(|(attempts, inner)| Tree::Retry(attempts, inner)),
            boxed().prop_map(Tree::Timeout),
            (boxed(), boxed()).prop_map(|(first, second)| Tree::Fallback(first, second)),
            (2_u64..4, boxed(), boxed()).prop_map(|(by, some, rest)| Tree::Route(by, some, rest)),
        ]
    })
}

/// What is known of what happened, to be compared with the report.
#[derive(Clone, Default)]
struct Book(Arc<Mutex<Pages>>);

#[derive(Default)]
struct Pages {
    enqueued: u64,
    left: Vec<u64>,
    duplicates: Vec<u64>,
    runs: u64,
}

impl Book {
    fn with<T>(&self, look: impl FnOnce(&mut Pages) -> T) -> T {
        look(&mut self.0.lock().expect("not poisoned"))
    }

    /// Enqueues the next number.
    fn enqueue(&self) {
        let n = self.with(|pages| {
            pages.enqueued += 1;
            pages.enqueued - 1
        });
        work::enqueue(n).expect("there is a scope");
    }

    fn executor(&self, tree: &Tree) -> Any {
        Any(match tree {
            Tree::Engine(acts) => {
                let acts = Mutex::new(acts.iter().cloned().cycle().take(64).collect());
                Arc::new(Engine { book: self.clone(), acts })
            }
            Tree::Inline => {
                let states = States::new().with(self.clone());
                let inline = Inline::builder().states(states).serving(tasks![work]).build();
                Arc::new(inline.expect("it is complete"))
            }
            Tree::Retry(attempts, inner) => {
                let backoff = Backoff::new(Duration::from_micros(10)).exact();
                Arc::new(Retry::new(self.executor(inner)).attempts(*attempts).backoff(backoff))
            }
            Tree::Timeout(inner) => {
                Arc::new(Timeout::new(self.executor(inner), Duration::from_millis(4)))
            }
            Tree::Fallback(first, second) => {
                Arc::new(Fallback::new(self.executor(first), self.executor(second)))
            }
            Tree::Route(by, some, rest) => {
                let by = *by;
                let takes = move |intent: &Intent| number(intent).is_multiple_of(by);
                let route = Route::to(self.executor(some)).when(takes);
                Arc::new(route.otherwise(self.executor(rest)))
            }
        })
    }
}

/// Enqueues a second task now and then, and fails now and then, differently each time.
#[airlock::task]
fn work(#[state] book: &Book, n: u64) -> Result<(), &'static str> {
    let run = book.with(|pages| {
        pages.runs += 1;
        pages.runs
    });
    if (n + run).is_multiple_of(3) && n < 40 {
        book.enqueue();
    }
    if (n + run).is_multiple_of(5) {
        return Err("no luck");
    }
    book.with(|pages| pages.left.push(n));
    Ok(())
}

/// Does what it says: what it lets out is in the book, at the moment at which it answers.
struct Engine {
    book: Book,
    acts: Mutex<VecDeque<Act>>,
}

impl Executor for Engine {
    async fn dispatch(&self, batch: &mut Batch) -> Answer {
        let act = self.acts.lock().expect("not poisoned").pop_front().expect("enough of them");
        for _ in 0..act.yields {
            yield_once().await;
        }
        if matches!(act.ends, Ends::Hangs) {
            std::future::pending::<()>().await;
        }
        let len = batch.len();
        let failed: BTreeSet<usize> = match act.ends {
            Ends::Each(bits) => (0..len).filter(|index| bits >> (index % 16) & 1 == 1).collect(),
            _ => BTreeSet::new(),
        };
        let leaves = |index: usize| match act.ends {
            Ends::Well => true,
            Ends::At(at) => index < at % len,
            Ends::Each(_) => !failed.contains(&index),
            Ends::Only(_) | Ends::All | Ends::Refused | Ends::Panics | Ends::Hangs => false,
        };
        for index in 0..len {
            let held = act.duplicates >> (index % 8) & 1 == 1;
            if held {
                // Whether or not it takes the others in the end.
                batch.left_out(index);
            }
            if leaves(index) {
                let n = batch.iter().nth(index).map(number).expect("it is there");
                self.book.with(
                    |pages| {
                        if held { pages.duplicates.push(n) } else { pages.left.push(n) }
                    },
                );
                if act.takes {
                    drop(batch.take(index));
                }
            }
        }
        match act.ends {
            Ends::Well => Ok(()),
            Ends::At(at) => Err(DispatchError::at(at % len, "at")),
            Ends::Only(at) => Err(DispatchError::only(at % len, "only")),
            Ends::Each(_) => {
                DispatchError::each(failed.into_iter().map(|at| (at, "each".into())).collect())
            }
            Ends::All => Err(DispatchError::all("all")),
            Ends::Refused => Err(DispatchError::refused("refused")),
            Ends::Panics => std::panic::resume_unwind(Box::new("on purpose")),
            Ends::Hangs => unreachable!("it hangs"),
        }
    }
}

/// Every intent has one fate, and it is the one that the book has.
fn check(book: &Book, report: &Report) -> Result<(), TestCaseError> {
    let with = |is: fn(&Fate) -> bool| -> Vec<u64> {
        let entries = report.entries().iter().filter(|entry| is(entry.fate()));
        let mut numbers: Vec<_> =
            entries.map(|entry| entry.arguments()["n"].as_u64().expect("a number")).collect();
        numbers.sort_unstable();
        numbers
    };
    book.with(|pages| {
        let all = with(|_| true);
        prop_assert_eq!(all, (0..pages.enqueued).collect::<Vec<_>>(), "one fate each\n{}", report);
        pages.left.sort_unstable();
        prop_assert_eq!(with(|fate| *fate == Fate::Dispatched), pages.left.clone(), "{}", report);
        pages.duplicates.sort_unstable();
        let duplicates = with(|fate| *fate == Fate::Duplicate);
        prop_assert_eq!(duplicates, pages.duplicates.clone(), "{}", report);
        Ok(())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_nothing_leaves_twice(
        tree in tree(), count in 1_usize..12, goes_on: bool, polls in prop::option::of(1_usize..12),
    ) {
        let (book, reports) = (Book::default(), Reports::new());
        let on_failure = if goes_on { OnFailure::Continue } else { OnFailure::Stop };
        // What hangs for ever is cut off.
        let executor = Timeout::new(book.executor(&tree), Duration::from_millis(60));
        let scope = airlock::scope().executor(executor).on_failure(on_failure);
        let scope = scope.on_report(reports.keep());
        let enqueue = || (0..count).for_each(|_| book.enqueue());
        let mut run = Box::pin(scope.run_async(async { enqueue() }));
        let result = block_on(async {
            let Some(polls) = polls else { return Some(run.as_mut().await) };
            for _ in 0..polls {
                if let std::task::Poll::Ready(result) = futures::poll!(run.as_mut()) {
                    return Some(result);
                }
            }
            None
        });
        drop(run);
        let report = reports.only();
        check(&book, &report)?;
        if let Some(Err(error)) = result {
            let (_, failed, rest) = error.into_parts();
            prop_assert_eq!(failed.len(), report.failed());
            prop_assert_eq!(rest.len(), report.not_attempted());
            prop_assert!(failed.iter().all(|failed| failed.intent.is_some()));
        }
    }
}

#[test]
fn a_route_that_gets_a_batch_in_chunks_keeps_account_of_each() {
    let busy = Answers::new(&Ran::new(), [|| Err(DispatchError::at(0, "busy"))]);
    let ok = Answers::new(&Ran::new(), [|| Ok(())]);
    let error = airlock::scope()
        .executor(Route::to(ok).when(third(1)).otherwise(busy))
        .chunks(4)
        .run(|| (0..10).try_for_each(quiet::enqueue))
        .expect_err("busy");
    let numbers: Vec<_> =
        error.report().entries().iter().map(|entry| entry.arguments()["n"].clone()).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(
        became(&error)[..4],
        ["failed: busy", "dispatched", "not attempted", "not attempted"]
    );
    assert_eq!(error.report().not_attempted(), 8);
    assert_eq!(error.into_intents().len(), 9);
}

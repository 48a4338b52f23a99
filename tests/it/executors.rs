//! Executors: the trait, closures, running here, threads, Tokio tasks; what they say of failures.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use airlock::{Batch, DispatchError, Executor, Fate, Intent, OnFailure, ThreadPool, tasks};

use crate::support::{
    Ran, afail, anote, assert_adds_up, block_on, boom, fail, fates, left, note, quiet, short,
    yield_once,
};

/// Takes a whole batch and notes it as one.
struct Engine(Ran);

impl Executor for Engine {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        yield_once().await;
        let calls: Vec<_> = batch.iter().map(short).collect();
        self.0.push(calls.join(" "));
        Ok(())
    }
}

#[test]
fn a_whole_flush_is_one_batch_in_order() {
    let ran = Ran::new();
    let body = || {
        quiet::enqueue(1)?;
        airlock::policy(airlock::AllowAll).run(|| quiet::enqueue(2))?;
        airlock::scope().run(|| quiet::enqueue(3)).expect("captured")?;
        quiet::enqueue(4)
    };
    airlock::scope().executor(Engine(ran.clone())).run(body).expect("flushed").expect("enqueued");
    let run = airlock::scope().executor(Engine(ran.clone())).run_async(async { body() });
    block_on(run).expect("flushed").expect("enqueued");
    let batch = "quiet(n: 1) quiet(n: 2) quiet(n: 3) quiet(n: 4)";
    assert_eq!(ran.list(), [batch, batch]);
}

#[test]
fn an_executor_is_not_asked_where_nothing_is_left() {
    let ran = Ran::new();
    let scope = || airlock::scope().executor(Engine(ran.clone()));
    scope().run(|| ()).expect("nothing to flush");
    scope().policy(airlock::DropAll).run(|| quiet::enqueue(1)).expect("flushed").expect("enqueued");
    assert!(ran.list().is_empty());
}

#[test]
fn a_closure_is_an_executor_called_in_order() {
    let ran = Ran::new();
    airlock::scope()
        .executor(ran.collector())
        .run(|| (0..4).try_for_each(quiet::enqueue))
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(ran.list(), ["quiet(n: 0)", "quiet(n: 1)", "quiet(n: 2)", "quiet(n: 3)"]);
}

fn refuses_odd(ran: &Ran) -> impl Executor + use<> {
    let ran = ran.clone();
    move |intent: Intent| {
        ran.push(short(&intent));
        match intent.arguments_of::<quiet>() {
            Some((n,)) if n % 2 == 1 => Err(format!("{n} is odd")),
            _ => Ok(()),
        }
    }
}

#[test]
fn a_closure_stops_at_the_first_failure_or_continues() {
    for (on_failure, expected) in [
        (
            OnFailure::Stop,
            vec![
                "quiet: dispatched",
                "quiet: failed: 1 is odd",
                "quiet: not attempted",
                "quiet: not attempted",
            ],
        ),
        (
            OnFailure::Continue,
            vec![
                "quiet: dispatched",
                "quiet: failed: 1 is odd",
                "quiet: dispatched",
                "quiet: failed: 3 is odd",
            ],
        ),
    ] {
        let ran = Ran::new();
        let error = airlock::scope()
            .executor(refuses_odd(&ran))
            .on_failure(on_failure)
            .run(|| (0..4).try_for_each(quiet::enqueue))
            .expect_err("1 is odd");
        assert_eq!(fates(error.report()), expected);
    }
}

#[test]
fn inline_stops_at_the_first_failure_or_continues() {
    let body = || {
        note::enqueue(0)?;
        fail::enqueue(1)?;
        anote::enqueue(2)?;
        afail::enqueue(3)?;
        note::enqueue(4)
    };
    for awaited in [false, true] {
        for (on_failure, expected) in [
            (OnFailure::Stop, vec!["note 0", "fail 1"]),
            (OnFailure::Continue, vec!["note 0", "fail 1", "anote 2", "afail 3", "note 4"]),
        ] {
            let ran = Ran::new();
            let scope = ran.scope().on_failure(on_failure);
            let result =
                if awaited { block_on(scope.run_async(async { body() })) } else { scope.run(body) };
            let error = result.expect_err("some fail");
            assert_eq!(ran.list(), expected);
            assert_adds_up(error.report(), 5);
            let handed_back = error.into_intents().len();
            assert_eq!(handed_back, if on_failure == OnFailure::Stop { 4 } else { 2 });
        }
    }
}

/// Answers every batch with the same error.
struct Answers(fn() -> Result<(), DispatchError>);

impl Executor for Answers {
    async fn dispatch(&self, _: &mut Batch) -> Result<(), DispatchError> {
        (self.0)()
    }
}

#[test]
fn each_kind_of_dispatch_error_says_what_became_of_every_intent() {
    type Answer = fn() -> Result<(), DispatchError>;
    let cases: [(Answer, [&str; 4], usize); 7] = [
        (
            || Err(DispatchError::at(1, "no")),
            ["dispatched", "failed: no", "not attempted", "not attempted"],
            3,
        ),
        (
            || Err(DispatchError::at(0, "no")),
            ["failed: no", "not attempted", "not attempted", "not attempted"],
            4,
        ),
        (
            || Err(DispatchError::only(2, "no")),
            ["not attempted", "not attempted", "failed: no", "not attempted"],
            4,
        ),
        (
            || Err(DispatchError::all("no")),
            ["failed: no", "failed: no", "failed: no", "failed: no"],
            4,
        ),
        (
            || Err(DispatchError::refused("no")),
            ["not attempted", "not attempted", "not attempted", "not attempted"],
            4,
        ),
        (
            || DispatchError::each(vec![(3, "late".into()), (1, "early".into())]),
            ["dispatched", "failed: early", "dispatched", "failed: late"],
            2,
        ),
        (
            || DispatchError::each(Vec::new()),
            ["dispatched", "dispatched", "dispatched", "dispatched"],
            0,
        ),
    ];
    for (answer, expected, handed_back) in cases {
        let (_, sealed) =
            airlock::scope().executor(Answers(answer)).seal(|| (0..4).try_for_each(quiet::enqueue));
        let expected = expected.map(|fate| format!("quiet: {fate}"));
        match sealed.flush() {
            Ok(report) => {
                assert_eq!(fates(&report), expected);
                assert_eq!(handed_back, 0);
            }
            Err(error) => {
                assert_eq!(fates(error.report()), expected);
                assert_adds_up(error.report(), 4);
                assert_eq!(error.into_intents().len(), handed_back);
            }
        }
    }
}

/// Takes the first intent out and fails.
struct TakesAndFails(Mutex<Vec<Intent>>);

impl Executor for TakesAndFails {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        let taken = batch.take(0).expect("it is there");
        assert!(batch.take(0).is_none(), "an intent is taken once");
        self.0.lock().expect("not poisoned").push(taken);
        Err(DispatchError::refused("no line"))
    }
}

#[test]
fn what_is_handed_back_can_be_run() {
    let error = airlock::scope()
        .executor(TakesAndFails(Mutex::default()))
        .run(|| (0..3).try_for_each(quiet::enqueue))
        .expect_err("refused");
    assert_adds_up(error.report(), 3);
    assert_eq!(error.report().entries()[0].arguments()["n"], 0, "a taken one is still reported");
    let handed_back = error.into_intents();
    let again = airlock::scope().run(|| handed_back.into_iter().try_for_each(Intent::enqueue));
    again.expect("a hollow intent was handed back").expect("enqueued");
}

#[test]
fn a_taken_intent_leaves_its_report() {
    struct Takes(Mutex<Vec<Intent>>);
    impl Executor for Takes {
        async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
            let all = (0..batch.len()).filter_map(|index| batch.take(index));
            self.0.lock().expect("not poisoned").extend(all);
            Ok(())
        }
    }
    let engine = Arc::new(Takes(Mutex::default()));
    let (_, sealed) =
        airlock::scope().executor(engine.clone()).seal(|| (0..3).try_for_each(quiet::enqueue));
    let report = sealed.flush().expect("taken");
    assert!(report.entries().iter().all(|entry| left(entry.fate())));
    assert_eq!(report.entries()[2].arguments()["n"], 2);
    let taken: Vec<_> = engine.0.lock().expect("not poisoned").iter().map(short).collect();
    assert_eq!(taken, ["quiet(n: 0)", "quiet(n: 1)", "quiet(n: 2)"]);
}

#[test]
fn an_option_that_cannot_be_honoured_is_an_error() {
    for (intent, option) in [
        (quiet::intent(2).delay(Duration::from_secs(1)), "delay"),
        (quiet::intent(2).priority(3), "priority"),
    ] {
        let error = airlock::scope()
            .run(|| {
                quiet::enqueue(1)?;
                intent.enqueue()?;
                quiet::enqueue(3)
            })
            .expect_err("inline can't");
        let text = error.to_string();
        assert!(text.contains("`Inline`") && text.contains(&format!("`{option}`")), "{text}");
        assert_eq!(error.report().failed(), 1);
        let handed_back = error.into_intents();
        assert_eq!(handed_back.len(), 2, "the first had left");
        assert!(*handed_back[0].options() != airlock::Options::default(), "options and all");
    }
}

#[test]
fn an_unsupported_option_refuses_a_hand_over_before_anything_leaves() {
    let pool = Arc::new(
        ThreadPool::builder().threads(1).serving(tasks![quiet]).build().expect("a thread"),
    );
    let error = airlock::scope()
        .executor(pool)
        .run(|| {
            quiet::enqueue(1)?;
            quiet::intent(2).priority(1).enqueue()
        })
        .expect_err("a pool can't");
    assert_eq!(
        fates(error.report()),
        [
            "quiet: not attempted",
            "quiet: failed: the executor `ThreadPool` can't honour the option `priority`: leave it \
             out, or give the scope an executor that can",
        ]
    );
    assert_eq!(error.into_intents().len(), 2);
}

#[test]
fn a_queue_and_a_number_of_attempts_are_no_trouble_here() {
    airlock::scope()
        .run(|| quiet::intent(1).queue("bulk").max_attempts(1).enqueue())
        .expect("flushed")
        .expect("enqueued");
}

fn pool(ran: &Ran, threads: usize) -> airlock::ThreadPoolBuilder {
    let tasks = tasks![note, anote, fail, boom, quiet];
    ThreadPool::builder().threads(threads).state(ran.clone()).serving(tasks)
}

#[test]
fn a_thread_pool_carries_out_in_order_and_is_waited_for_when_dropped() {
    let ran = Ran::new();
    let pool = pool(&ran, 1).build().expect("a thread");
    airlock::scope()
        .executor(pool)
        .run(|| {
            for n in 0..50 {
                if n % 2 == 0 { note::enqueue(n)? } else { anote::enqueue(n)? }
            }
            Ok::<_, airlock::EnqueueError>(())
        })
        .expect("handed over")
        .expect("enqueued");
    let expected: Vec<_> = (0..50)
        .map(|n| if n % 2 == 0 { format!("note {n}") } else { format!("anote {n}") })
        .collect();
    assert_eq!(ran.list(), expected, "the scope owned the pool, and dropped it");
}

/// Holds up whatever comes behind it.
#[airlock::task]
fn dawdle() {
    std::thread::sleep(Duration::from_millis(60));
}

/// What is late, what comes behind it, and what would be in time for long.
fn some_that_expire() -> [Intent; 5] {
    [
        note::intent(0).expires(Duration::from_hours(1)),
        dawdle::intent(),
        note::intent(1).expires(Duration::from_millis(50)),
        note::intent(2),
        note::intent(3).expires(Duration::MAX),
    ]
}

#[test]
fn what_has_expired_when_a_thread_comes_to_it_has_failed() {
    let ran = Ran::new();
    let (failed, failures) = mpsc::channel();
    let tell = move |error: airlock::FlushError| drop(failed.send(error));
    let pool = pool(&ran, 1).serving(tasks![note, dawdle]).on_error(tell).build().expect("built");
    let scope = airlock::scope().executor(pool);
    let enqueue = || some_that_expire().into_iter().try_for_each(Intent::enqueue);
    scope.run(enqueue).expect("handed over").expect("enqueued");
    // The pool is gone, and has done what it was handed.
    assert_eq!(ran.list(), ["note 0", "note 2", "note 3"]);
    let error = failures.recv().expect("told");
    assert!(error.to_string().contains("it expired before it could be begun"), "{error}");
    let back = error.into_intents();
    assert_eq!(back.len(), 1);
    let late = note::intent(1).expires(Duration::from_millis(50));
    assert!(back[0].is_same(&late), "as it was: {back:?}");
    assert!(failures.recv().is_err(), "no other has failed");
}

#[tokio::test]
async fn what_has_expired_when_the_runtime_comes_to_it_has_failed() {
    for concurrent in [false, true] {
        let ran = Ran::new();
        let (failed, failures) = mpsc::channel();
        let tasks = tokio_tasks(&ran).serving(tasks![note, dawdle]);
        let tasks = if concurrent { tasks.concurrent() } else { tasks };
        let tell = move |error: airlock::FlushError| drop(failed.send(error.to_string()));
        let tasks = tasks.on_error(tell).build().expect("built");
        let scope = airlock::scope().executor(tasks.clone()).on_failure(OnFailure::Continue);
        let enqueue = async { some_that_expire().into_iter().try_for_each(Intent::enqueue) };
        scope.run_async(enqueue).await.expect("handed over").expect("enqueued");
        tasks.finished().await;
        assert_eq!(ran.list(), ["note 0", "note 2", "note 3"]);
        let error = failures.recv().expect("told");
        assert!(error.contains("it expired before it could be begun"), "{error}");
        assert!(failures.try_recv().is_err(), "no other has failed");
    }
}

#[test]
fn a_thread_pool_tells_what_failed_and_hands_it_back() {
    let ran = Ran::new();
    let (tell, told) = mpsc::channel();
    let tell = Mutex::new(tell);
    let pool = pool(&ran, 2)
        .on_error(move |error| tell.lock().expect("not poisoned").send(error).expect("awaited"))
        .build()
        .expect("threads");
    airlock::scope()
        .executor(pool)
        .run(|| {
            note::enqueue(1)?;
            fail::enqueue(2)?;
            boom::enqueue(3)?;
            note::enqueue(4)
        })
        .expect("handed over")
        .expect("enqueued");
    let mut handed_back: Vec<_> = told
        .iter()
        .flat_map(airlock::FlushError::into_intents)
        .map(|intent| short(&intent))
        .collect();
    handed_back.sort();
    assert_eq!(handed_back, ["boom(n: 3)", "fail(n: 2)"]);
    let mut list = ran.list();
    list.sort();
    assert_eq!(list, ["fail 2", "note 1", "note 4"]);
}

/// Whoever is told of an error may panic; the pool's work goes on.
#[test]
fn a_thread_pool_survives_a_panic_of_who_it_tells() {
    let ran = Ran::new();
    let pool = Arc::new(pool(&ran, 1).on_error(|_| panic!("told")).build().expect("a thread"));
    let scope = || airlock::scope().executor(pool.clone());
    scope().run(|| fail::enqueue(1)).expect("handed over").expect("enqueued");
    while ran.list().is_empty() {
        std::thread::yield_now();
    }
    std::thread::sleep(Duration::from_millis(50));
    scope().run(|| note::enqueue(2)).expect("handed over").expect("enqueued");
    drop(pool);
    assert_eq!(ran.list(), ["fail 1", "note 2"]);
}

#[test]
fn executors_apart_keep_the_policies_for_what_their_tasks_enqueue() {
    #[airlock::task]
    fn cascade(#[state] ran: &Ran) -> Result<(), airlock::EnqueueError> {
        ran.push("cascade");
        note::enqueue(1)?;
        quiet::enqueue(2)
    }
    let ran = Ran::new();
    let tasks = tasks![cascade, note, quiet];
    let pool = ThreadPool::builder()
        .threads(1)
        .state(ran.clone())
        .serving(tasks)
        .build()
        .expect("a thread");
    airlock::scope()
        .policy(airlock::block_tasks![note])
        .executor(pool)
        .run(cascade::enqueue)
        .expect("handed over")
        .expect("enqueued");
    assert_eq!(ran.list(), ["cascade"]);
}

fn tokio_tasks(ran: &Ran) -> airlock::tokio::TasksBuilder {
    airlock::tokio::Tasks::builder()
        .state(ran.clone())
        .serving(tasks![note, anote, fail, boom, quiet])
}

#[tokio::test]
async fn tokio_tasks_run_apart_in_order() {
    let ran = Ran::new();
    let tasks = tokio_tasks(&ran).build().expect("given");
    let run = airlock::scope().executor(tasks.clone()).run_async(async {
        for n in 0..10 {
            anote::enqueue(n)?;
        }
        note::enqueue(10)
    });
    run.await.expect("handed over").expect("enqueued");
    assert!(ran.list().is_empty(), "on one thread nothing has run yet");
    tasks.finished().await;
    let expected: Vec<_> =
        (0..10).map(|n| format!("anote {n}")).chain(["note 10".into()]).collect();
    assert_eq!(ran.list(), expected);
}

#[tokio::test]
async fn tokio_tasks_tell_what_failed_and_hand_it_back_with_what_was_behind() {
    let ran = Ran::new();
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = told.clone();
    let tasks = tokio_tasks(&ran)
        .on_error(move |error| tell.lock().expect("not poisoned").extend(error.into_intents()))
        .build()
        .expect("given");
    let run = airlock::scope().executor(tasks.clone()).run_async(async {
        note::enqueue(1)?;
        boom::enqueue(2)?;
        note::enqueue(3)
    });
    run.await.expect("handed over").expect("enqueued");
    tasks.finished().await;
    let told: Vec<_> = told.lock().expect("not poisoned").iter().map(short).collect();
    assert_eq!(told, ["boom(n: 2)", "note(n: 3)"]);
    assert_eq!(ran.list(), ["note 1"]);
}

#[tokio::test]
async fn concurrent_tokio_tasks_do_not_wait_for_one_another() {
    #[airlock::task]
    async fn meet(#[state] gate: &Arc<tokio::sync::Barrier>) {
        gate.wait().await;
    }
    let tasks = airlock::tokio::Tasks::builder()
        .state(Arc::new(tokio::sync::Barrier::new(3)))
        .serving(tasks![meet])
        .concurrent()
        .build()
        .expect("given");
    let run = airlock::scope()
        .executor(tasks.clone())
        .run_async(async { (0..3).try_for_each(|_| meet::enqueue()) });
    run.await.expect("handed over").expect("enqueued");
    let all = tokio::time::timeout(Duration::from_secs(10), tasks.finished());
    all.await.expect("they meet");
}

#[test]
fn tokio_tasks_without_a_runtime_say_what_to_write_and_lose_nothing() {
    let tasks = tokio_tasks(&Ran::new()).build().expect("given");
    let error = airlock::scope().executor(tasks).run(|| quiet::enqueue(1)).expect_err("no runtime");
    assert!(error.to_string().contains("`Tasks::builder().runtime(handle)`"), "{error}");
    assert_eq!(error.report().entries()[0].fate(), &Fate::NotAttempted);
    assert_eq!(error.into_intents().len(), 1);
}

#[test]
fn tokio_tasks_take_a_named_runtime_from_sync_code() {
    let ran = Ran::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let tasks = tokio_tasks(&ran).runtime(runtime.handle().clone()).build().expect("given");
    airlock::scope()
        .executor(tasks.clone())
        .run(|| anote::enqueue(1))
        .expect("handed over")
        .expect("enqueued");
    runtime.block_on(tasks.finished());
    assert_eq!(ran.list(), ["anote 1"]);
}

#[test]
fn an_arc_of_an_executor_is_one() {
    let ran = Ran::new();
    let engine = Arc::new(Engine(ran.clone()));
    for n in 0..2 {
        let scope = airlock::scope().executor(engine.clone());
        scope.run(|| quiet::enqueue(n)).expect("flushed").expect("enqueued");
    }
    assert_eq!(ran.list(), ["quiet(n: 0)", "quiet(n: 1)"]);
}

//! What an executor says of a batch becomes the fate of each intent of it, and what did not leave is handed back.

use std::sync::{Arc, Mutex};

use airlock::{Batch, DispatchError, Executor, Intent, Report};

use crate::support::{Ran, assert_adds_up, fates, left, note, quiet, short};

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

#[test]
fn an_error_for_no_intent_of_the_batch_is_everyones() {
    struct Miscounts;
    impl Executor for Miscounts {
        async fn dispatch(&self, _: &mut airlock::Batch) -> Result<(), DispatchError> {
            Err(DispatchError::at(9, "out of paper"))
        }
    }
    let flush = airlock::scope().executor(Miscounts).run(|| quiet::enqueue(1));
    let error = flush.expect_err("it fails");
    assert!(error.to_string().contains("out of paper"), "{error}");
    assert_eq!(error.report().failed(), 1);
    assert_eq!(error.into_intents().len(), 1);
}

struct PanicsBeforeItIsAFuture;

impl Executor for PanicsBeforeItIsAFuture {
    fn dispatch(
        &self,
        batch: &mut airlock::Batch,
    ) -> impl Future<Output = Result<(), DispatchError>> + Send {
        assert!(batch.is_empty(), "too early");
        async { Ok(()) }
    }
}

#[test]
fn an_executor_that_panics_before_it_is_a_future_hands_back() {
    let flush = airlock::scope().executor(PanicsBeforeItIsAFuture).run(|| quiet::enqueue(1));
    let error = flush.expect_err("it panics");
    assert!(error.to_string().contains("too early"), "{error}");
    assert_eq!(error.into_intents().len(), 1);
}

#[test]
fn a_panic_in_an_executor_is_an_error_and_hands_the_intents_back() {
    struct Broken;
    impl airlock::Executor for Broken {
        async fn dispatch(&self, _: &mut airlock::Batch) -> Result<(), airlock::DispatchError> {
            panic!("the line is cut")
        }
    }
    let error = airlock::scope()
        .executor(Broken)
        .run(|| (0..3).try_for_each(quiet::enqueue))
        .expect_err("the executor panics");
    assert!(error.to_string().contains("the executor panicked: the line is cut"), "{error}");
    assert_adds_up(error.report(), 3);
    assert_eq!(error.into_intents().len(), 3);
}

/// What a closure carried out before it panicked has left, and must not be tried again.
#[test]
fn a_panic_in_a_closure_executor_counts_what_had_left() {
    let ran = Ran::new();
    let noted = ran.clone();
    let error = airlock::scope()
        .executor(move |intent: Intent| {
            assert!(!is_note_1(&intent), "the second is too much");
            noted.push("one");
            Ok::<_, std::io::Error>(())
        })
        .run(|| {
            quiet::enqueue(0)?;
            note::enqueue(1)?;
            quiet::enqueue(2)
        })
        .expect_err("the executor panics");
    assert_eq!(ran.list(), ["one"]);
    let report: &Report = error.report();
    assert_eq!(report.dispatched(), 1, "{report}");
    assert_eq!(error.into_intents().len(), 2);
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

fn is_note_1(intent: &Intent) -> bool {
    intent.arguments_of::<note>() == Some(&(1,))
}

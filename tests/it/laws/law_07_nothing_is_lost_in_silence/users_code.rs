//! Wherever the user's code is called it may panic, also with a payload that panics when it is dropped: every effect is
//! accounted for all the same.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::time::SystemTime;

use airlock::envelope::Envelope;
use airlock::worker::Settlement;
use airlock::{
    Batch, DispatchError, Executor, Fate, FlushError, Inline, Intent, OnFailure, Policy,
    PolicyViolation, Verdict, tasks,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::support::{Ran, Reports, assert_adds_up, block_on, yield_once};

/// Where the user's code is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Place {
    ArgumentsSerialize,
    ArgumentsClone,
    ArgumentsDebug,
    ArgumentsEq,
    ArgumentsDrop,
    PolicyAtEnqueue,
    PolicyAtFlush,
    PolicyDrop,
    Task,
    AsyncTask,
    ErrorDisplay,
    AsyncErrorDisplay,
    StateDrop,
    Executor,
    ExecutorMidway,
    ExecutorsErrorDisplay,
    Closure,
    FlushIf,
    Release,
    OnReport,
    /// Nowhere, which shows that the program is sound.
    None,
}

const PLACES: [Place; 21] = [
    Place::ArgumentsSerialize,
    Place::ArgumentsClone,
    Place::ArgumentsDebug,
    Place::ArgumentsEq,
    Place::ArgumentsDrop,
    Place::PolicyAtEnqueue,
    Place::PolicyAtFlush,
    Place::PolicyDrop,
    Place::Task,
    Place::AsyncTask,
    Place::ErrorDisplay,
    Place::AsyncErrorDisplay,
    Place::StateDrop,
    Place::Executor,
    Place::ExecutorMidway,
    Place::ExecutorsErrorDisplay,
    Place::Closure,
    Place::FlushIf,
    Place::Release,
    Place::OnReport,
    Place::None,
];

/// What it does there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Does {
    Panic,
    /// Panics with what panics when it is dropped, and that with another one.
    PanicAgain,
}

struct Again;

impl Drop for Again {
    fn drop(&mut self) {
        panic_any(Again);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Bomb {
    place: Place,
    does: Does,
}

impl Bomb {
    fn passes(self, place: Place) {
        if self.place == place {
            match self.does {
                Does::Panic => panic!("on purpose"),
                Does::PanicAgain => panic_any(Again),
            }
        }
    }
}

/// An argument that goes off wherever a trait of its is asked.
struct Armed(Bomb);

impl Serialize for Armed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.passes(Place::ArgumentsSerialize);
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Armed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Bomb::deserialize(deserializer).map(Self)
    }
}

impl Clone for Armed {
    fn clone(&self) -> Self {
        self.0.passes(Place::ArgumentsClone);
        Self(self.0)
    }
}

impl fmt::Debug for Armed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.passes(Place::ArgumentsDebug);
        self.0.fmt(f)
    }
}

impl PartialEq for Armed {
    fn eq(&self, _: &Self) -> bool {
        self.0.passes(Place::ArgumentsEq);
        false
    }
}

impl Drop for Armed {
    fn drop(&mut self) {
        self.0.passes(Place::ArgumentsDrop);
    }
}

#[derive(Debug)]
struct ArmedError(Bomb, Place);

impl fmt::Display for ArmedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.passes(self.1);
        f.write_str("never said")
    }
}

impl std::error::Error for ArmedError {}

fn fails_if(bomb: Bomb, place: Place) -> Result<(), ArmedError> {
    if bomb.place == place { Err(ArmedError(bomb, place)) } else { Ok(()) }
}

#[airlock::task]
fn carry(#[state] ran: &Ran, n: u64, armed: Armed) -> Result<(), ArmedError> {
    ran.push(n.to_string());
    armed.0.passes(Place::Task);
    fails_if(armed.0, Place::ErrorDisplay)
}

#[airlock::task]
async fn acarry(#[state] ran: &Ran, n: u64, armed: Armed) -> Result<(), ArmedError> {
    yield_once().await;
    ran.push(n.to_string());
    armed.0.passes(Place::AsyncTask);
    fails_if(armed.0, Place::AsyncErrorDisplay)
}

/// Shown with `Debug`.
#[airlock::task(local)]
fn lcarry(#[state] ran: &Ran, n: u64, armed: Armed) {
    ran.push(n.to_string());
    drop(armed);
}

/// A state of the executor's.
struct ArmedState(Bomb);

impl Drop for ArmedState {
    fn drop(&mut self) {
        self.0.passes(Place::StateDrop);
    }
}

struct ArmedPolicy(Bomb);

impl Policy for ArmedPolicy {
    fn on_enqueue(&self, intent: &Intent) -> Result<(), PolicyViolation> {
        if number(intent) == 2 {
            self.0.passes(Place::PolicyAtEnqueue);
        }
        Ok(())
    }

    fn allows(&self, intent: &Intent) -> Verdict {
        if number(intent) == 1 {
            self.0.passes(Place::PolicyAtFlush);
        }
        if self.0.place == Place::ArgumentsEq && intent.is_same(intent) {
            return Verdict::Drop;
        }
        Verdict::Allow
    }
}

impl Drop for ArmedPolicy {
    fn drop(&mut self) {
        self.0.passes(Place::PolicyDrop);
    }
}

fn number(intent: &Intent) -> u64 {
    let (carried, local) = (intent.arguments_of::<carry>(), intent.arguments_of::<lcarry>());
    let asynchronous = intent.arguments_of::<acarry>();
    carried.or(local).or(asynchronous).map(|(n, _)| *n).expect("it is one of ours")
}

/// Runs the tasks here, unless it is its turn to go off.
struct ArmedExecutor {
    bomb: Bomb,
    ran: Ran,
    inline: Inline,
    closure: Box<dyn Fn(u64) + Send + Sync>,
}

impl Executor for ArmedExecutor {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        self.bomb.passes(Place::Executor);
        match self.bomb.place {
            Place::ExecutorMidway => {
                let numbers: Vec<_> = batch.iter().map(number).collect();
                for (index, n) in numbers.into_iter().enumerate() {
                    batch.sending(index..index + 1);
                    yield_once().await;
                    self.ran.push(n.to_string());
                    if index == 1 {
                        self.bomb.passes(Place::ExecutorMidway);
                    }
                }
                Ok(())
            }
            Place::ExecutorsErrorDisplay => {
                Err(DispatchError::all(ArmedError(self.bomb, Place::ExecutorsErrorDisplay)))
            }
            Place::Closure => {
                let (ran, bomb) = (self.ran.clone(), self.bomb);
                let closure = move |intent: Intent| {
                    ran.push(number(&intent).to_string());
                    if number(&intent) == 1 {
                        bomb.passes(Place::Closure);
                    }
                    Ok::<_, ArmedError>(())
                };
                (self.closure)(0);
                closure.dispatch(batch).await
            }
            _ => self.inline.dispatch(batch).await,
        }
    }
}

/// What is varied besides.
#[derive(Clone, Copy, Debug)]
struct How {
    on_failure: OnFailure,
    is_async: bool,
    is_nested: bool,
}

fn enqueue(bomb: Bomb, is_async: bool) -> Result<(), airlock::EnqueueError> {
    for n in 0..4 {
        let armed = Armed(bomb);
        match bomb.place {
            Place::ArgumentsDebug => lcarry::enqueue(n, armed)?,
            Place::AsyncTask | Place::AsyncErrorDisplay => acarry::enqueue(n, armed)?,
            _ if is_async && n == 3 => acarry::enqueue(n, armed)?,
            _ => carry::enqueue(n, armed)?,
        }
    }
    Ok(())
}

/// Runs the program, and lets go of all that is left of it.
fn program(bomb: Bomb, how: How, ran: &Ran, reports: &Reports) {
    let inline = Inline::builder()
        .state(ran.clone())
        .state(ArmedState(bomb))
        .serving(tasks![carry, acarry, lcarry])
        .build()
        .expect("it is complete");
    let executor = ArmedExecutor { bomb, ran: ran.clone(), inline, closure: Box::new(|_| ()) };
    let keep = reports.keep();
    let scope = airlock::scope()
        .policy(ArmedPolicy(bomb))
        .on_failure(how.on_failure)
        .flush_if(move |succeeded| {
            bomb.passes(Place::FlushIf);
            succeeded
        })
        .on_report(move |report| {
            keep(report);
            bomb.passes(Place::OnReport);
        })
        .executor(executor);
    let around = airlock::scope().release(move |intent| {
        if number(intent) == 1 {
            bomb.passes(Place::Release);
        }
        true
    });
    let flushed: Result<Result<(), airlock::EnqueueError>, FlushError> =
        match (how.is_nested, how.is_async) {
            (false, false) => scope.run(|| enqueue(bomb, false)),
            (false, true) => block_on(scope.run_async(async {
                yield_once().await;
                enqueue(bomb, true)
            })),
            (true, false) => {
                around.run(|| scope.run(|| enqueue(bomb, false))).expect("it is empty")
            }
            (true, true) => {
                block_on(around.run_async(scope.run_async(async { enqueue(bomb, true) })))
                    .expect("it is empty")
            }
        };
    if let Err(error) = flushed {
        let _ = (error.to_string(), format!("{error:?}"), error.report().to_string());
        drop(error.into_intents());
    }
}

/// Each intent has one entry in one report, and that says the truth.
fn assert_accounted_for(case: &str, enqueued: u64, ran: &Ran, reports: &Reports) {
    let reports = reports.all();
    let [report] = &*reports else { panic!("{case}: {} reports", reports.len()) };
    assert_adds_up(report, report.entries().len());
    let entries = report.entries().iter();
    // Of a local task each argument is its `Debug` text.
    let numbers = entries.map(|entry| entry.arguments()["n"].to_string().replace('"', ""));
    let (numbers, expected): (Vec<_>, Vec<_>) =
        (numbers.collect(), (0..enqueued).map(|n| n.to_string()).collect());
    assert_eq!(numbers, expected, "{case}\n{report}");
    let ran = ran.list();
    for (n, entry) in report.entries().iter().enumerate() {
        let times = ran.iter().filter(|ran| **ran == n.to_string()).count();
        let is_true = match entry.fate() {
            Fate::Dispatched => times == 1,
            Fate::Failed { .. } => times <= 1,
            _ => times == 0,
        };
        assert!(is_true, "{case}: {n} ran {times} times\n{report}");
    }
}

#[test]
fn whatever_the_users_code_does_every_effect_is_accounted_for() {
    for place in PLACES {
        for does in [Does::Panic, Does::PanicAgain] {
            for on_failure in [OnFailure::Stop, OnFailure::Continue] {
                for (is_async, is_nested) in
                    [(false, false), (false, true), (true, false), (true, true)]
                {
                    let (bomb, how) =
                        (Bomb { place, does }, How { on_failure, is_async, is_nested });
                    let case = format!("{bomb:?} {how:?}");
                    let (ran, reports) = (Ran::new(), Reports::new());
                    let run = AssertUnwindSafe(|| program(bomb, how, &ran, &reports));
                    if let Err(panic) = catch_unwind(run) {
                        // It is ours to keep, and goes off when it is dropped.
                        std::mem::forget(panic);
                    }
                    let enqueued = match place {
                        // That call has panicked, and so there is no such intent.
                        Place::PolicyAtEnqueue => 2,
                        _ => 4,
                    };
                    assert_accounted_for(&case, enqueued, &ran, &reports);
                    assert!(airlock::current().is_none(), "{case}: a scope is left behind");
                    if place == Place::None {
                        assert_eq!(ran.list().len(), 4, "{case}");
                    }
                }
            }
        }
    }
}

/// A failure says as much of the others as it would without the panic.
#[test]
fn an_error_whose_text_panics_is_one_intents_failure() {
    let bomb = Bomb { place: Place::ErrorDisplay, does: Does::Panic };
    let (ran, reports) = (Ran::new(), Reports::new());
    let inline = Inline::builder().state(ran.clone()).serving(tasks![carry]).build();
    let error = airlock::scope()
        .executor(inline.expect("it is complete"))
        .on_failure(OnFailure::Continue)
        .on_report(reports.keep())
        .run(|| (0..4).try_for_each(|n| carry::enqueue(n, Armed(bomb))))
        .expect_err("they fail");
    let report = reports.only();
    assert_eq!((report.failed(), ran.list().len()), (4, 4), "{report}");
    assert!(error.to_string().contains("[its text panicked: on purpose]"), "{error}");
    assert_eq!(error.into_intents().len(), 4);
}

/// What an executor has said of its progress is not forgotten because it panics.
#[test]
fn a_panic_in_an_executor_keeps_what_it_has_said() {
    struct Midway;
    impl Executor for Midway {
        async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
            batch.sending(1..3);
            panic!("the line is cut")
        }
    }
    let error = airlock::scope()
        .executor(Midway)
        .run(|| (0..4).try_for_each(crate::support::quiet::enqueue))
        .expect_err("it panics");
    let fates: Vec<_> = error.report().entries().iter().map(|e| e.fate().to_string()).collect();
    let said = "failed: the executor panicked: the line is cut";
    let unsure = format!("{said}: it may have left all the same");
    assert_eq!(fates, ["dispatched", &unsure, &unsure, said]);
    assert_eq!(error.into_intents().len(), 3);
}

#[airlock::task]
fn perform_badly(bomb: Bomb) -> Result<(), ArmedError> {
    bomb.passes(Place::Task);
    fails_if(bomb, Place::ErrorDisplay)
}

#[airlock::task]
async fn aperform_badly(bomb: Bomb) -> Result<(), ArmedError> {
    yield_once().await;
    bomb.passes(Place::AsyncTask);
    fails_if(bomb, Place::AsyncErrorDisplay)
}

/// Goes off when it is read.
#[derive(Serialize)]
struct Unreadable(Bomb);

impl<'de> Deserialize<'de> for Unreadable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bomb = Bomb::deserialize(deserializer)?;
        bomb.passes(Place::ArgumentsSerialize);
        Ok(Self(bomb))
    }
}

#[airlock::task]
fn read_badly(_unreadable: Unreadable) {}

#[tokio::test]
async fn whatever_a_workers_task_does_its_message_is_settled() {
    let worker = airlock::worker()
        .serving(tasks![perform_badly, aperform_badly, read_badly])
        .max_attempts(3)
        .build()
        .expect("it is complete");
    for does in [Does::Panic, Does::PanicAgain] {
        let bomb = |place| Bomb { place, does };
        let retried = [
            perform_badly::intent(bomb(Place::Task)),
            perform_badly::intent(bomb(Place::ErrorDisplay)),
            aperform_badly::intent(bomb(Place::AsyncTask)),
            aperform_badly::intent(bomb(Place::AsyncErrorDisplay)),
        ];
        for intent in retried {
            let envelope = Envelope::of(&intent, SystemTime::now()).expect("it goes");
            let first = worker.perform(&envelope, 1).await;
            assert!(
                matches!(first, Settlement::Retry { reason: Some(_), .. }),
                "{intent}: {first:?}"
            );
            let last = worker.perform(&envelope, 3).await;
            assert!(matches!(last, Settlement::Dead { .. }), "{intent}: {last:?}");
        }
        let written = perform_badly::intent(bomb(Place::ArgumentsSerialize));
        let json = Envelope::of(&written, SystemTime::now()).expect("it goes").to_json();
        let json = String::from_utf8(json).expect("JSON is text");
        let json =
            json.replace("perform_badly", "read_badly").replace("\"bomb\"", "\"_unreadable\"");
        let envelope = Envelope::from_json(json.as_bytes()).expect("it is read");
        let dead = worker.perform(&envelope, 1).await;
        let Settlement::Dead { reason } = dead else { panic!("{dead:?}") };
        assert!(reason.starts_with("reading its arguments panicked"), "{reason}");
    }
}

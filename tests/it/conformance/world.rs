//! What the programs act on: five tasks that write into a trace, and the means to name them.

use std::sync::{Arc, Mutex};

use airlock::envelope::{self, Envelope};
use airlock::worker::{Settlement, Worker};
use airlock::{
    AllowAll, AllowOnly, AssertNoEffects, Batch, BlockTasks, DispatchError, DropAll, EnqueueError,
    Executor, Fate, FlushError, Inline, LogOnFlush, Report, Scope, TaskSet, tasks,
};
use serde_json::{Value, json};

use super::program::{self, Release, ReleaseWord};

/// The trace of one run.
#[derive(Clone, Default)]
pub(super) struct Trace {
    events: Arc<Mutex<Vec<Value>>>,
    /// Whether each flush goes to another process, as messages.
    crosses: bool,
}

impl Trace {
    pub(super) fn push(&self, event: Value) {
        self.events.lock().expect("no panic while tracing").push(event);
    }

    pub(super) fn into_events(self) -> Vec<Value> {
        std::mem::take(&mut self.events.lock().expect("no panic while tracing"))
    }

    /// That of a run in which each flush goes to another process, as messages.
    pub(super) fn crossing() -> Self {
        Self { crosses: true, ..Self::default() }
    }

    /// An executor that runs the tasks here and lets them write into this trace.
    fn here(&self) -> Inline {
        let inline = Inline::builder().state(self.clone()).serving(all());
        inline.build().expect("the trace is given")
    }

    /// One whose tasks are run by a worker that gets nothing but their messages.
    fn elsewhere(&self) -> Crossing {
        let worker = airlock::worker().state(self.clone()).serving(all()).max_attempts(1);
        Crossing(worker.build().expect("the trace is given"))
    }

    fn dispatched(&self, name: &str, arg: i64) {
        self.push(json!(["dispatched", name, arg]));
    }
}

fn all() -> TaskSet {
    tasks![alpha, bravo, charlie, delta, boom]
}

/// Hands each intent to a worker as a message, in order, and stops at the first that fails.
struct Crossing(Worker);

impl Executor for Crossing {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        let messages = envelope::of_batch(batch, "Crossing", &[])?;
        for (index, message) in messages.iter().map(Envelope::to_json).enumerate() {
            let message = Envelope::from_json(&message).expect("it was written as one");
            match self.0.perform(&message, 1).await {
                Settlement::Done => {}
                other => return Err(DispatchError::at(index, other.to_string())),
            }
        }
        Ok(())
    }
}

#[airlock::task(name = "alpha")]
fn alpha(#[state] trace: &Trace, arg: i64) {
    trace.dispatched("alpha", arg);
}

#[airlock::task(name = "bravo")]
fn bravo(#[state] trace: &Trace, arg: i64) {
    trace.dispatched("bravo", arg);
}

#[airlock::task(name = "charlie")]
fn charlie(#[state] trace: &Trace, arg: i64) {
    trace.dispatched("charlie", arg);
}

/// Async, so that both kinds of task take part.
#[airlock::task(name = "delta")]
async fn delta(#[state] trace: &Trace, arg: i64) {
    std::future::ready(()).await;
    trace.dispatched("delta", arg);
}

#[airlock::task(name = "boom")]
fn boom(#[state] trace: &Trace, arg: i64) -> Result<(), &'static str> {
    trace.push(json!(["failed", "boom", arg]));
    Err("boom")
}

/// Why an error leaves a body.
#[derive(Clone, Copy, Debug)]
pub(super) enum Error {
    Policy,
    NoScope,
    Raise,
    Executor,
}

impl Error {
    pub(super) fn why(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::NoScope => "no_scope",
            Self::Raise => "raise",
            Self::Executor => "executor",
        }
    }
}

impl From<EnqueueError> for Error {
    fn from(error: EnqueueError) -> Self {
        match error {
            EnqueueError::Refused(..) => Self::Policy,
            EnqueueError::NoScope(_) => Self::NoScope,
            other => panic!("no program can cause this: {other}"),
        }
    }
}

impl From<FlushError> for Error {
    fn from(_: FlushError) -> Self {
        Self::Executor
    }
}

pub(super) type Outcome = Result<(), Error>;

pub(super) fn enqueue(task: program::Task, arg: i64) -> Result<(), EnqueueError> {
    match task {
        program::Task::Alpha => alpha::enqueue(arg),
        program::Task::Bravo => bravo::enqueue(arg),
        program::Task::Charlie => charlie::enqueue(arg),
        program::Task::Delta => delta::enqueue(arg),
        program::Task::Boom => boom::enqueue(arg),
    }
}

pub(super) fn name(task: program::Task) -> &'static str {
    match task {
        program::Task::Alpha => "alpha",
        program::Task::Bravo => "bravo",
        program::Task::Charlie => "charlie",
        program::Task::Delta => "delta",
        program::Task::Boom => "boom",
    }
}

fn named(tasks: &[program::Task]) -> TaskSet {
    TaskSet::named(tasks.iter().map(|task| name(*task))).expect("the names are those of tasks")
}

pub(super) fn policy(policy: &program::Policy) -> Box<dyn airlock::Policy> {
    match policy {
        program::Policy::AllowAll => Box::new(AllowAll),
        program::Policy::DropAll => Box::new(DropAll),
        program::Policy::AssertNoEffects => Box::new(AssertNoEffects),
        program::Policy::BlockTasks { tasks, raise: false } => {
            Box::new(BlockTasks::new(named(tasks)))
        }
        program::Policy::BlockTasks { tasks, raise: true } => {
            Box::new(BlockTasks::new(named(tasks)).refuse())
        }
        program::Policy::AllowOnly { tasks } => Box::new(AllowOnly::new(named(tasks))),
        program::Policy::LogOnFlush => Box::new(LogOnFlush::default()),
    }
}

pub(super) fn scope(trace: &Trace, judge: &program::Policy, release: &Release) -> Scope {
    let scope = airlock::scope().policy(policy(judge));
    let scope = if trace.crosses {
        scope.executor(trace.elsewhere())
    } else {
        scope.executor(trace.here())
    };
    match release {
        Release::Word(ReleaseWord::None) => scope,
        Release::Word(ReleaseWord::All) => scope.release_all(),
        Release::Tasks(tasks) => {
            let tasks = named(tasks);
            scope.release(move |intent| tasks.contains(intent.task()))
        }
    }
}

pub(super) fn inspect() -> Value {
    let Some(scope) = airlock::current() else { return json!(["inspect", null]) };
    let inspection = scope.inspect();
    let listed = |intents: &[airlock::Inspected]| -> Value {
        intents.iter().map(|i| json!([i.name(), i.arguments()["arg"], i.passes()])).collect()
    };
    json!([
        "inspect",
        { "own": listed(inspection.own()), "captured": listed(inspection.captured()) },
    ])
}

pub(super) fn flushed(report: &Report) -> Value {
    listed("flushed", report, |fate| *fate == Fate::Dispatched)
}

pub(super) fn discarded(report: &Report) -> Value {
    listed("discarded", report, |_| true)
}

fn listed(event: &str, report: &Report, which: impl Fn(&Fate) -> bool) -> Value {
    let entries = report.entries().iter().filter(|entry| which(entry.fate()));
    let list: Value =
        entries.map(|entry| json!([entry.task().name(), entry.arguments()["arg"]])).collect();
    json!([event, list])
}

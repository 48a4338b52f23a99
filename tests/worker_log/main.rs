//! What a worker logs, and the spans that its tasks run in: a process has one subscriber for all of its
//! threads.

use std::collections::VecDeque;
use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;
use std::time::{Duration, SystemTime};

use airlock::envelope::{Envelope, TraceContext};
use airlock::worker::{Message, Settled, Settlement, Source};
use airlock::{Backoff, BoxError, tasks};
use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{self, Layer, SubscriberExt};

/// Keeps events, spans, and where spans are entered.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    events: Vec<String>,
    /// Each span's fields, with the trace that it was made in.
    spans: Vec<(Id, String)>,
    entered: Vec<(Id, ThreadId)>,
}

impl Log {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "message" => write!(self.0, " {value:?}"),
            // It is another one each time.
            "id" => write!(self.0, " id"),
            name => write!(self.0, " {name}={value:?}"),
        }
        .expect("a string");
    }
}

impl<S: Subscriber> Layer<S> for Log {
    fn enabled(&self, metadata: &Metadata<'_>, _: layer::Context<'_, S>) -> bool {
        metadata.target() == "airlock::worker"
    }

    fn on_new_span(&self, span: &Attributes<'_>, id: &Id, _: layer::Context<'_, S>) {
        let mut fields = Fields(span.metadata().name().to_owned());
        span.record(&mut fields);
        let trace = Context::current().span().span_context().trace_id();
        write!(fields.0, " in {trace}").expect("a string");
        self.kept().spans.push((id.clone(), fields.0));
    }

    fn on_event(&self, event: &Event<'_>, _: layer::Context<'_, S>) {
        let mut fields = Fields(event.metadata().level().to_string());
        event.record(&mut fields);
        self.kept().events.push(fields.0);
    }

    fn on_enter(&self, span: &Id, _: layer::Context<'_, S>) {
        self.kept().entered.push((span.clone(), std::thread::current().id()));
    }
}

/// Messages, taken one at a time, and an engine that fails once in each of its functions.
struct Engine {
    queue: Mutex<VecDeque<(Vec<u8>, u32)>>,
    failed: Mutex<Vec<&'static str>>,
    queues: Option<Vec<&'static str>>,
    interrupted: bool,
}

impl Engine {
    fn call(&self, call: &'static str) -> Result<(), BoxError> {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed.contains(&call) {
            return Ok(());
        }
        failed.push(call);
        Err(format!("no {call} today").into())
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<(Vec<u8>, u32)>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source for Engine {
    type Receipt = (Vec<u8>, u32);

    fn served_queues(&self) -> Option<Vec<String>> {
        self.queues.clone().map(|queues| queues.into_iter().map(str::to_owned).collect())
    }

    fn default_queue(&self) -> Option<String> {
        Some("default".to_owned())
    }

    async fn wait(&self) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    async fn receive(&self, _: usize) -> Result<Vec<Message<Self::Receipt>>, BoxError> {
        self.call("receive")?;
        let next = self.queue().pop_front();
        let message = next.map(|(body, attempt)| {
            Message::new((body.clone(), attempt), Envelope::from_json(&body))
                .attempt(attempt)
                .interrupted(self.interrupted)
        });
        Ok(message.into_iter().collect())
    }

    async fn settle(&self, settled: &[Settled<Self::Receipt>]) -> Result<Vec<usize>, BoxError> {
        self.call("settle")?;
        for Settled { receipt: (body, attempt), settlement } in settled {
            if let Settlement::Retry { .. } = settlement {
                self.queue().push_front((body.clone(), attempt + 1));
            }
        }
        Ok(Vec::new())
    }

    async fn close(&self) -> Result<(), BoxError> {
        self.call("close")
    }
}

#[airlock::task(name = "here")]
fn here(#[state] threads: &Threads) {
    threads.note();
}

#[airlock::task(name = "awaited", max_attempts = 2)]
async fn awaited(#[state] threads: &Threads) -> Result<(), &'static str> {
    threads.note();
    std::future::ready(Err("no luck")).await
}

/// The threads that tasks ran on.
#[derive(Clone, Default)]
struct Threads(Arc<Mutex<Vec<ThreadId>>>);

impl Threads {
    fn note(&self) {
        let mut threads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        threads.push(std::thread::current().id());
    }
}

#[test]
fn a_worker_logs_what_becomes_of_messages_and_gives_each_task_a_span() {
    let (log, threads) = (Log::default(), Threads::default());
    let subscriber = tracing_subscriber::registry().with(log.clone());
    tracing::subscriber::set_global_default(subscriber).expect("it is the only one");
    let sent = |intent| Envelope::of(&intent, SystemTime::now()).expect("it has JSON");
    let trace = TraceContext::new("00-0000000000000000000000000000000a-000000000000000b-01", "");
    let bodies = [
        sent(here::intent()).with_trace(Some(trace)).to_json(),
        sent(awaited::intent()).to_json(),
        b"hello".to_vec(),
    ];
    let engine = Engine {
        queue: Mutex::new(bodies.into_iter().map(|body| (body, 1)).collect()),
        failed: Mutex::default(),
        queues: Some(vec!["default", "emails"]),
        interrupted: false,
    };

    let worker = airlock::worker()
        .serving(tasks![here, awaited])
        .state(threads.clone())
        .concurrency(1)
        .prefetch(0)
        .backoff(Backoff::new(Duration::from_millis(1)).exact())
        .build()
        .expect("it has the states");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let settled = async {
        while worker.served().dead < 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let run = worker.run(engine, settled);
    runtime.expect("a runtime").block_on(run).expect("it opens");

    let kept = log.kept();
    assert_eq!(
        kept.events,
        [
            "INFO the worker serves the queues `default`, `emails` and 2 tasks: `awaited`, `here` concurrency=1",
            "WARN trouble with the engine: no receive today doing=\"receive\"",
            "DEBUG done task=\"here\" id attempt=1",
            "WARN trouble with the engine: no settle today doing=\"settle\"",
            "WARN to be tried again in 1.0ms: no luck task=\"awaited\" id attempt=1",
            "ERROR dead letter: no luck (attempt 2 of 2) task=\"awaited\" id attempt=2",
            "ERROR dead letter: the message is no envelope: expected value at line 1 column 1",
            "WARN trouble with the engine: no close today doing=\"close\"",
        ]
    );

    let none = "0".repeat(32);
    let spans: Vec<_> = kept.spans.iter().map(|(_, fields)| fields).collect();
    assert_eq!(
        spans,
        [
            "task task=\"here\" id attempt=1 in 0000000000000000000000000000000a",
            &format!("task task=\"awaited\" id attempt=1 in {none}"),
            &format!("task task=\"awaited\" id attempt=2 in {none}"),
        ],
        "made where the trace of the flush is in force, for whoever joins spans to it",
    );
    let threads = threads.0.lock().unwrap_or_else(PoisonError::into_inner);
    assert_ne!(threads[0], threads[1], "a sync task has a thread where it may block");
    for ((id, _), thread) in kept.spans.iter().zip(&*threads) {
        let entered = kept.entered.contains(&(id.clone(), *thread));
        assert!(entered, "the span is entered where the task runs");
    }
    drop(kept);

    what_is_logged_at_start(&log);
    what_is_logged_of_a_take_over(&log);
}

#[airlock::task(name = "mailed", queue = "emails")]
fn mailed() {}

/// What a worker logs that finds nothing to do.
fn logged(log: &Log, engine: Engine, tasks: Option<airlock::TaskSet>) -> Vec<String> {
    log.kept().events.clear();
    let worker = airlock::worker().state(Threads::default());
    let worker = match tasks {
        Some(tasks) => worker.serving(tasks),
        None => worker,
    };
    let worker = worker.build().expect("it has the states");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let run = worker.run(engine, async { tokio::time::sleep(Duration::from_millis(100)).await });
    runtime.expect("a runtime").block_on(run).expect("it opens");
    let kept = std::mem::take(&mut log.kept().events);
    kept.into_iter().filter(|event| !event.contains("trouble")).collect()
}

fn serving(queues: Option<&[&'static str]>) -> Engine {
    Engine {
        queue: Mutex::default(),
        failed: Mutex::default(),
        queues: queues.map(<[_]>::to_vec),
        interrupted: false,
    }
}

fn what_is_logged_at_start(log: &Log) {
    let elsewhere = |tasks| {
        format!(
            "WARN the worker does not serve the queues of these tasks: serve them as well, `.queues([…])`, or, where \
             other workers serve them, name the tasks of this one, `.serving(tasks![…])`: {tasks}"
        )
    };
    let events = logged(log, serving(Some(&["default"])), None);
    assert_eq!(events.len(), 2, "{events:#?}");
    assert!(events[0].contains("the queues `default` and 3 tasks: `awaited`, `here`, `mailed`"));
    assert_eq!(events[1], elsewhere("`mailed` in `emails`"));

    let events = logged(log, serving(Some(&["emails"])), Some(tasks![here, mailed]));
    assert_eq!(events[1..], [elsewhere("`here` in `default`")]);
    let events = logged(log, serving(Some(&["emails"])), Some(tasks![mailed]));
    assert_eq!(events.len(), 1, "{events:#?}");

    let events = logged(log, serving(Some(&[])), None);
    assert_eq!(
        events,
        ["WARN the worker serves no queue, so it receives nothing: name one, `.queues([…])`"]
    );
    let events = logged(log, serving(None), Some(tasks![mailed]));
    assert_eq!(events, ["INFO the worker serves 1 task: `mailed` concurrency=16"]);
}

fn what_is_logged_of_a_take_over(log: &Log) {
    let envelope = Envelope::of(&mailed::intent(), SystemTime::now()).expect("it has JSON");
    let engine = Engine { interrupted: true, ..serving(None) };
    engine.queue().push_back((envelope.to_json(), 1));
    let events = logged(log, engine, Some(tasks![mailed]));
    let taken = "WARN messages are taken over from a worker that was lost";
    let event = events.iter().find(|event| event.starts_with(taken)).expect("it is logged");
    let first = format!("the first is mailed {} messages=1", envelope.id());
    assert!(event.contains(&first), "{event}");
}

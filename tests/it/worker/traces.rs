//! The trace of a flush goes on in its tasks, and in theirs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use airlock::envelope::{Envelope, TraceContext};
use airlock::{Intent, tasks};
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};

use super::memory::Memory;
use super::serve;
use crate::support::{quiet, yield_once};

/// The span that each task found itself in.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<SpanContext>>>);

impl Seen {
    fn see(&self) {
        let span = Context::current().span().span_context().clone();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(span);
    }

    fn list(&self) -> Vec<SpanContext> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[airlock::task]
fn look(#[state] seen: &Seen) {
    seen.see();
}

#[airlock::task]
async fn alook(#[state] seen: &Seen) {
    seen.see();
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    yield_once().await;
    seen.see();
}

#[airlock::task]
async fn lead_on() -> Result<(), airlock::EnqueueError> {
    yield_once().await;
    look::enqueue()
}

#[airlock::task]
fn lead_on_here() -> Result<(), airlock::EnqueueError> {
    alook::enqueue()
}

fn span(state: &str) -> SpanContext {
    SpanContext::new(
        TraceId::from(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c),
        SpanId::from(0xb7ad_6b71_6920_3331),
        TraceFlags::SAMPLED,
        false,
        state.parse::<TraceState>().expect("a trace state"),
    )
}

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// The envelope of an intent that is flushed inside of `span`.
fn flushed_in(span: SpanContext, intent: &Intent) -> Envelope {
    let _attached = Context::new().with_remote_span_context(span).attach();
    Envelope::of(intent, SystemTime::now()).expect("it has JSON")
}

async fn run(seen: &Seen, envelopes: &[Envelope]) {
    let memory = Memory::new();
    for envelope in envelopes {
        memory.send_envelope(envelope);
    }
    let worker = airlock::worker()
        .serving(tasks![look, alook, lead_on, lead_on_here])
        .state(seen.clone())
        .executor(memory.clone());
    let served = serve(worker.concurrency(1), &memory).await;
    assert_eq!(served.dead + served.retried, 0);
}

#[test]
fn an_envelope_has_the_trace_that_it_is_flushed_in() {
    let envelope = flushed_in(span("vendor=1,other=2"), &quiet::intent(1));
    let trace = envelope.trace().expect("there is a span");
    assert_eq!((trace.traceparent(), trace.tracestate()), (PARENT, "vendor=1,other=2"));
    let came = Envelope::from_json(&envelope.to_json()).expect("it was written by us");
    assert_eq!(came.trace(), Some(trace));

    let envelope = flushed_in(SpanContext::empty_context(), &quiet::intent(1));
    assert_eq!(envelope.trace(), None);
    assert!(!String::from_utf8_lossy(&envelope.to_json()).contains("\"trace\""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_runs_in_the_trace_of_its_flush() {
    let seen = Seen::default();
    let unsampled = SpanContext::new(
        TraceId::from(7),
        SpanId::from(8),
        TraceFlags::NOT_SAMPLED,
        false,
        TraceState::NONE,
    );
    run(
        &seen,
        &[
            flushed_in(span("vendor=1"), &look::intent()),
            flushed_in(unsampled, &look::intent()),
            flushed_in(span(""), &alook::intent()),
            flushed_in(SpanContext::empty_context(), &look::intent()),
            flushed_in(SpanContext::empty_context(), &alook::intent()),
        ],
    )
    .await;
    let seen = seen.list();
    assert_eq!(seen.len(), 7);
    for index in [0_usize, 2, 3] {
        assert_eq!(seen[index].trace_id(), span("").trace_id());
        assert_eq!(seen[index].span_id(), span("").span_id());
        assert!(seen[index].is_sampled() && seen[index].is_remote());
    }
    assert_eq!(seen[0].trace_state().get("vendor"), Some("1"));
    assert_eq!((seen[1].trace_id(), seen[1].is_sampled()), (TraceId::from(7), false));
    assert!(seen[4..].iter().all(|span| !span.is_valid()), "one trace does not leak into another");
}

#[tokio::test]
async fn what_a_task_enqueues_belongs_to_its_trace() {
    let seen = Seen::default();
    let envelopes = [lead_on::intent(), lead_on_here::intent()];
    run(&seen, &envelopes.map(|intent| flushed_in(span("vendor=1"), &intent))).await;
    let seen = seen.list();
    assert_eq!(seen.len(), 3);
    for span in seen {
        assert_eq!(span.trace_id(), self::span("").trace_id());
        assert_eq!(span.trace_state().get("vendor"), Some("1"));
    }
}

#[tokio::test]
async fn headers_that_break_the_standard_are_ignored() {
    let traced = |parent: &str, state: &str| {
        let envelope = flushed_in(SpanContext::empty_context(), &look::intent());
        envelope.with_trace(Some(TraceContext::new(parent, state)))
    };
    let wrong = [
        String::new(),
        "00".into(),
        PARENT.to_uppercase(),
        PARENT.replace("00-", "0-"),
        PARENT.replace("00-", "ff-"),
        PARENT.replace("00-", "zz-"),
        PARENT.replace("0af7", "0af"),
        PARENT.replace("0af7", "+af7"),
        PARENT.replace("b7ad", "+7ad"),
        PARENT.replace("-01", "-1"),
        PARENT.replace("-01", "-+1"),
        PARENT.replace("-01", ""),
        PARENT.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32)),
        PARENT.replace("b7ad6b7169203331", &"0".repeat(16)),
        format!("{PARENT}-more"),
        format!(" {PARENT}"),
        "\u{0}é-é-é-é".into(),
    ];
    let seen = Seen::default();
    let envelopes: Vec<_> = wrong.iter().map(|parent| traced(parent, "")).collect();
    run(&seen, &envelopes).await;
    for (parent, span) in wrong.iter().zip(seen.list()) {
        assert!(!span.is_valid(), "`{parent}` became {span:?}");
    }

    // A later version may have more, and a state that can't be read is none.
    let seen = Seen::default();
    let later = format!("{}-more", PARENT.replace("00-", "cc-"));
    run(&seen, &[traced(&later, ""), traced(PARENT, "no state, at all")]).await;
    let seen = seen.list();
    assert!(seen.iter().all(|span| span.trace_id() == self::span("").trace_id()), "{seen:?}");
    assert_eq!(seen[1].trace_state().header(), "");
}

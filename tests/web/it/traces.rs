//! A flush belongs to the span and to the W3C trace of its request, and so do the envelopes that it makes.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::{App, HttpServer, web};
use airlock::actix::ScopeMiddleware;
use airlock::envelope::Envelope;
use airlock::tower::ScopeLayer;
use airlock::{Batch, DispatchError, Executor};
use axum::Router;
use axum::extract::{Path, Request};
use axum::middleware::Next;
use axum::routing::get;
use opentelemetry::Context;
use opentelemetry::trace::{
    FutureExt, SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState,
};
use tracing::instrument::WithSubscriber;
use tracing::{Dispatch, Instrument, Span};

use crate::support::{Server, eventually, listen_std, mail, request, send};

/// One for all, for `tracing` keeps what is listened to for the whole process.
static SUBSCRIBER: LazyLock<Dispatch> =
    LazyLock::new(|| Dispatch::new(tracing_subscriber::registry()));

/// By the call of each task: the span that it left in, and the trace in its envelope.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<BTreeMap<String, Place>>>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    span: Option<tracing::Id>,
    trace: Option<String>,
}

impl Seen {
    fn note(&self, call: String, place: Place) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(call, place);
    }

    fn all(&self) -> BTreeMap<String, Place> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Executor for Seen {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        // Long enough for others' flushes to be on their way too.
        tokio::time::sleep(Duration::from_millis(5)).await;
        let span = tracing::dispatcher::with_default(&SUBSCRIBER, || Span::current().id());
        for intent in batch.iter() {
            let envelope = Envelope::of(intent, SystemTime::now()).expect("it encodes");
            let trace = envelope.trace().map(|trace| trace.traceparent().to_owned());
            self.note(intent.to_string(), Place { span: span.clone(), trace });
        }
        Ok(())
    }
}

/// Runs the request of an order in a span and a trace of its own, and notes which they are.
async fn observed<F: Future>(requests: Seen, order: u64, handled: F) -> F::Output {
    let span = tracing::dispatcher::with_default(&SUBSCRIBER, || tracing::info_span!("request"));
    let trace = SpanContext::new(
        TraceId::from(u128::from(order) << 64 | 0x42),
        SpanId::from(order),
        TraceFlags::SAMPLED,
        true,
        TraceState::NONE,
    );
    let traceparent = format!("00-{}-{}-01", trace.trace_id(), trace.span_id());
    requests
        .note(format!("mail(order: {order})"), Place { span: span.id(), trace: Some(traceparent) });
    let context = Context::new().with_remote_span_context(trace);
    handled.instrument(span).with_context(context).with_subscriber(SUBSCRIBER.clone()).await
}

/// Asks for many orders at once, and waits until they have left.
async fn order_at_once(server: &Server, requests: &Seen, flushes: &Seen) {
    let asked: Vec<_> = (1..=20)
        .map(|order| tokio::spawn(send(server.address, request(&format!("/{order}")))))
        .collect();
    for asked in asked {
        assert_eq!(asked.await.expect("no panic").expect("an answer").0, 200);
    }
    eventually("all leave", || flushes.all().len() == 20).await;
    assert!(requests.all().values().all(|place| place.span.is_some()));
    assert_eq!(flushes.all(), requests.all());
}

async fn through_tower(after_response: bool) {
    let (requests, flushes) = (Seen::default(), Seen::default());
    let (noting, scopes) = (requests.clone(), flushes.clone());
    let around = move |Path(order): Path<u64>, request: Request, next: Next| {
        observed(noting.clone(), order, next.run(request))
    };
    let layer = ScopeLayer::new().scope(move |_| airlock::scope().executor(scopes.clone()));
    let layer = if after_response { layer.after_response() } else { layer };
    let handler = async |Path(order): Path<u64>| mail::enqueue(order).expect("inside a scope");
    let app = Router::new().route("/{order}", get(handler));
    let server = Server::axum(app.layer(layer).layer(axum::middleware::from_fn(around))).await;
    order_at_once(&server, &requests, &flushes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_the_tower_layer() {
    through_tower(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_the_tower_layer_after_the_response() {
    through_tower(true).await;
}

async fn around<B: MessageBody>(
    requests: web::Data<Seen>,
    request: ServiceRequest,
    next: actix_web::middleware::Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let order = request.path()[1..].parse().expect("a number");
    observed(requests.get_ref().clone(), order, next.call(request)).await
}

#[tokio::test]
async fn of_actix_web() {
    let (requests, flushes) = (Seen::default(), Seen::default());
    let (noting, scopes) = (requests.clone(), flushes.clone());
    let scopes = ScopeMiddleware::new().scope(move |_| airlock::scope().executor(scopes.clone()));
    let handler = async |order: web::Path<u64>| {
        mail::enqueue(*order).expect("inside a scope");
        ""
    };
    let (listener, address) = listen_std();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(noting.clone()))
            .wrap(scopes.clone())
            .wrap(actix_web::middleware::from_fn(around))
            .route("/{order}", web::get().to(handler))
    });
    let server = server.workers(1).disable_signals().listen(listener).expect("it is bound");
    let server = Server::new(address, server.run());
    order_at_once(&server, &requests, &flushes).await;
}

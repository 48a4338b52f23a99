//! The trace of a flush arrives with its tasks, whichever engine is between.

use std::sync::Arc;
use std::time::Duration;

use airlock::{Executor, Intent, celery};
use airlock_live::{Engine, Server};
use opentelemetry::Context;
use opentelemetry::trace::{
    FutureExt, SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::timeout;

use crate::engines::python_tasks::warehouse_notify;
use crate::python::Worker;
use crate::{servers, unique};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const STATE: &str = "vendor=1";

/// Says which span it finds itself in.
#[airlock::task(name = "live.trace")]
fn trace(#[state] seen: &Arc<UnboundedSender<SpanContext>>) {
    let span = Context::current().span().span_context().clone();
    seen.send(span).expect("the test listens");
}

async fn flush_in_trace(executor: impl Executor, intent: Intent) {
    let span = SpanContext::new(
        TraceId::from(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c),
        SpanId::from(0xb7ad_6b71_6920_3331),
        TraceFlags::SAMPLED,
        false,
        STATE.parse::<TraceState>().expect("a trace state"),
    );
    let context = Context::new().with_remote_span_context(span);
    let scope = airlock::scope().executor(executor);
    let flushed = scope.run_async(async { intent.enqueue() }).with_context(context).await;
    flushed.expect("flushed").expect("enqueued");
}

async fn arrives<E: Engine>() {
    let folder = TempDir::new().expect("a folder");
    let url = match E::SERVER {
        Server::File => format!("sqlite:{}", folder.path().join("jobs.db").display()),
        Server::Postgres => servers::postgres_url(),
        Server::Redis => servers::redis_url(),
        Server::RabbitMq => servers::amqp_url(),
    };
    let engine = E::on_queue(&url, &unique::name("trace")).await.expect("opened");
    flush_in_trace(engine.clone(), trace::intent()).await;

    let (seen, mut spans) = tokio::sync::mpsc::unbounded_channel();
    let serving = airlock::tasks![trace];
    let worker =
        airlock::worker().state(Arc::new(seen)).serving(serving).build().expect("a worker");
    let mut span: Option<SpanContext> = None;
    let ran = async { span = spans.recv().await };
    let served = worker.run(engine, ran);
    timeout(Duration::from_mins(1), served).await.expect("it ran").expect("served");
    let span = span.expect("it was sent");
    let (trace, id, flags) = (span.trace_id(), span.span_id(), span.trace_flags().to_u8());
    assert_eq!(format!("00-{trace}-{id}-{flags:02x}"), PARENT);
    assert_eq!(span.trace_state().header(), STATE);
    assert!(span.is_remote());
}

async fn arrives_in_python(executor: impl Executor, worker: Worker) {
    flush_in_trace(executor, warehouse_notify::intent(42)).await;
    let received = worker.received(1).await;
    let seen = |fact: &str| -> &Value { &received[0][fact] };
    assert_eq!((seen("traceparent"), seen("tracestate")), (&json!(PARENT), &json!(STATE)));
}

#[tokio::test(flavor = "multi_thread")]
async fn apalis_sqlite() {
    arrives::<airlock::apalis::Sqlite>().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn apalis_postgres() {
    arrives::<airlock::apalis::Postgres>().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn apalis_redis() {
    arrives::<airlock::apalis::Redis>().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn graphile() {
    arrives::<airlock::graphile::Graphile>().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn celery_rabbitmq() {
    arrives::<celery::RabbitMq>().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn celery_redis() {
    arrives::<celery::Redis>().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn python_by_rabbitmq() {
    let worker = Worker::celery(&servers::amqp_url()).await;
    let celery = celery::RabbitMq::connect(&servers::amqp_url()).await.expect("connected");
    arrives_in_python(celery.queue(worker.queue()), worker).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn python_by_redis() {
    let worker = Worker::celery(&servers::redis_url()).await;
    let celery = celery::Redis::connect(&servers::redis_url()).await.expect("connected");
    arrives_in_python(celery.queue(worker.queue()), worker).await;
}

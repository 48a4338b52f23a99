//! Clients that hang up at random points, under load: nothing is lost, and the counts add up.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use airlock::tower::ScopeLayer;
use airlock::{Batch, DispatchError, Executor};
use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use http::StatusCode;

use crate::support::{Server, eventually, mail};

const CLIENTS: u64 = 600;
const EFFECTS: u64 = 5;

/// An engine that takes its time, in two steps: a flush that is broken off between them has written half.
#[derive(Clone, Default)]
struct Engine {
    begun: Arc<AtomicU64>,
    kept: Arc<Mutex<Vec<String>>>,
}

impl Executor for Engine {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        self.begun.fetch_add(1, Ordering::Relaxed);
        let calls: Vec<_> = batch.iter().map(ToString::to_string).collect();
        for call in calls {
            tokio::time::sleep(Duration::from_millis(1)).await;
            self.kept.lock().unwrap_or_else(PoisonError::into_inner).push(call);
        }
        Ok(())
    }
}

#[derive(Clone, Default)]
struct Counts {
    enqueued: Arc<AtomicU64>,
    dispatched: Arc<AtomicU64>,
    discarded: Arc<AtomicU64>,
    other: Arc<AtomicU64>,
}

impl Counts {
    fn ended(&self) -> u64 {
        [&self.dispatched, &self.discarded, &self.other]
            .iter()
            .map(|count| count.load(Ordering::Relaxed))
            .sum()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_leaves_and_what_is_discarded_adds_up() {
    let (engine, counts) = (Engine::default(), Counts::default());
    let (scopes, told) = (engine.clone(), counts.clone());
    let layer = ScopeLayer::new().scope(move |_| {
        let told = told.clone();
        airlock::scope().executor(scopes.clone()).on_report(move |report| {
            let count = |counter: &AtomicU64, of: usize| {
                counter.fetch_add(of as u64, Ordering::Relaxed);
            };
            count(&told.dispatched, report.dispatched());
            count(&told.discarded, report.discarded());
            count(&told.other, report.enqueued() - report.dispatched() - report.discarded());
        })
    });
    let enqueued = counts.enqueued.clone();
    let handler = async move |Path(order): Path<u64>| {
        for step in 0..EFFECTS {
            mail::enqueue(order * EFFECTS + step).expect("inside a scope");
            enqueued.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(1 + order % 3)).await;
        }
        if order % 7 == 0 { StatusCode::CONFLICT } else { StatusCode::CREATED }
    };
    let server = Server::axum(Router::new().route("/{order}", get(handler)).layer(layer)).await;

    let mut clients = tokio::task::JoinSet::new();
    for order in 0..CLIENTS {
        let address = server.address;
        // From before the first effect to after the answer; a fixed sequence, so that a failure comes back.
        // Some wait for their answer, however long that takes.
        let patience = match order % 25 {
            0 => Duration::from_mins(5),
            _ => Duration::from_micros((order * 7_919) % 120_000),
        };
        clients.spawn(async move { answered_within(address, order, patience).await });
        if order % 20 == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    let answers: Vec<_> = clients.join_all().await;
    eventually("all requests end", || counts.ended() == counts.enqueued.load(Ordering::Relaxed))
        .await;
    // Whoever has not been reached by now is not on the way any more.
    tokio::time::sleep(Duration::from_millis(100)).await;

    let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let (enqueued, dispatched) = (load(&counts.enqueued), load(&counts.dispatched));
    let (discarded, other) = (load(&counts.discarded), load(&counts.other));
    let kept = engine.kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let placed: Vec<u64> = answers.iter().filter_map(|answer| *answer).collect();
    println!(
        "{CLIENTS} clients, {} of them answered 201: {enqueued} enqueued, {dispatched} dispatched, \
         {discarded} discarded, {other} otherwise; {} flushes, {} kept by the engine",
        placed.len(),
        load(&engine.begun),
        kept.len(),
    );
    assert_eq!(dispatched + discarded, enqueued);
    assert_eq!(other, 0);
    assert_eq!(kept.len() as u64, dispatched, "what is said to have left has left");
    assert_eq!(load(&engine.begun) * EFFECTS, dispatched, "a flush that has begun is finished");
    let kept: BTreeSet<_> = kept.into_iter().collect();
    assert_eq!(kept.len() as u64, dispatched, "once");
    for order in &placed {
        for step in 0..EFFECTS {
            let call = format!("mail(order: {})", order * EFFECTS + step);
            assert!(kept.contains(&call), "order {order} was answered with a 201: {call} is lost");
        }
    }
    assert!(!placed.is_empty() && discarded > 0, "clients hung up before and after the answer");
    assert!(load(&engine.begun) > placed.len() as u64, "some hung up while it flushed");
}

/// The order, where the client saw it placed before it hung up.
async fn answered_within(
    address: std::net::SocketAddr,
    order: u64,
    patience: Duration,
) -> Option<u64> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("the server listens");
    let request = format!("GET /{order} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("the server reads");
    let mut answer = [0; 12];
    let read = tokio::time::timeout(patience, stream.read_exact(&mut answer)).await;
    (read.is_ok_and(|read| read.is_ok()) && answer == *b"HTTP/1.1 201").then_some(order)
}

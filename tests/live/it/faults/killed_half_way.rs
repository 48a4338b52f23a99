//! The server, or the process that enqueues, is killed half-way through 10,000 intents.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use airlock::{Batch, DispatchError, Executor};
use airlock_live::{Engine, Sender, Server, ship};
use tokio::runtime::Handle;
use tokio::time::sleep;

use crate::faults::{Child, MANY, Place, Ran, flush, flush_in, on, orders, tell};
use crate::proxy::Proxy;
use crate::servers::Own;

/// How much of a batch of 10,000 the server is given before it is killed.
const PART: usize = 1_000_000;

/// Kills the server while it dispatches its n-th batch, the first being 0. Of the first one, it has got
/// a part by then, and gets no more. Later, a broker, which takes one message after another, is killed
/// when it has some.
#[derive(Clone)]
struct Killing<S> {
    sender: S,
    server: Arc<Own>,
    line: Arc<Proxy>,
    queue: String,
    batches: Arc<AtomicUsize>,
    at: usize,
    kill: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl<S: Sender> Killing<S> {
    fn new(place: &Place, sender: &S, line: &Arc<Proxy>, at: usize) -> Self {
        let (sender, server) = (sender.clone(), place.server().clone());
        let line = line.clone();
        let (queue, batches) = (place.queue.clone(), Arc::default());
        Self { sender, server, line, queue, batches, at, kill: Arc::default() }
    }

    async fn kill(self, all_sent: usize) {
        if self.at == 0 {
            while self.line.sent() < all_sent {
                sleep(Duration::from_millis(1)).await;
            }
            self.server.kill();
            assert_eq!(self.line.sent(), all_sent, "it has got a part of the batch");
            return;
        }
        let url = self.server.url();
        while S::SERVER == Server::RabbitMq && self.sender.held(&url, &self.queue).await < 1_000 {
            sleep(Duration::from_millis(1)).await;
        }
        self.server.kill();
    }

    fn has_killed(&self) {
        let kill = self.kill.lock().expect("nobody panics").take().expect("it was begun");
        kill.join().expect("the server is killed");
    }
}

impl<S: Sender> Executor for Killing<S> {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        if self.batches.fetch_add(1, Ordering::Relaxed) == self.at {
            let (kill, runtime) = (self.clone(), Handle::current());
            if self.at == 0 {
                self.line.hold_after_sent(PART);
            }
            let all_sent = self.line.sent() + PART;
            let kill = thread::spawn(move || runtime.block_on(kill.kill(all_sent)));
            *self.kill.lock().expect("nobody panics") = Some(kill);
        }
        self.sender.dispatch(batch).await
    }
}

/// What is in the queue is what left, and what was handed back and had arrived all the same: how
/// many those are.
async fn killed<S: Sender>(size: usize, at: usize) -> (Place, S, u64, String) {
    let place = Place::own::<S>();
    let sender = place.open::<S>().await;
    flush(&sender, [ship::intent(0)]).await.all_left();
    place.restart();

    // What it connected to is gone.
    let line = Arc::new(Proxy::to(&place.url));
    let sender = S::on_queue(line.url(), &place.queue).await.expect("opened");
    let killing = Killing::new(&place, &sender, &line, at);
    let scope = airlock::scope().executor(killing.clone()).chunks(size);
    let flushed = flush_in(scope, orders(MANY)).await;
    killing.has_killed();
    place.server().start_again();
    line.restore();

    let sender = place.open::<S>().await;
    let (dispatched, back) = (flushed.report.dispatched() as u64, flushed.handed_back.len());
    assert!(back > 0, "the kill was meant to come half-way");
    assert!(at == 0 || dispatched > 0, "the kill was meant to come after some chunks");
    let arrived = place.held(&sender).await - 1;
    assert!(arrived >= dispatched, "{dispatched} dispatched, but only {arrived} are there");
    let twice = arrived - dispatched;
    assert!(twice <= back as u64, "{arrived} arrived of {dispatched} and {back}");
    flush(&sender, flushed.handed_back).await.all_left();
    assert_eq!(place.held(&sender).await, 1 + MANY + twice);
    let line = format!(
        "{MANY} enqueued, {dispatched} dispatched, {back} handed back, {twice} of which had arrived"
    );
    (place, sender, twice, line)
}

async fn serve<E: Engine>(fault: &str, size: usize, at: usize) {
    let (place, engine, twice, line) = killed::<E>(size, at).await;
    place.serve(&engine, 0..=MANY).await;
    let ran = Ran::all(&place.record(), 0..=MANY);
    assert_eq!(ran.more_often, twice, "what had arrived runs twice, and nothing else");
    tell::<E>(fault, format_args!("{line}; then {ran}"));
}

mod in_one_batch {
    use super::*;

    const FAULT: &str = "killed during one batch";

    async fn served<E: Engine>() {
        serve::<E>(FAULT, usize::MAX, 0).await;
    }

    async fn sent<S: Sender>() {
        let (.., line) = killed::<S>(usize::MAX, 0).await;
        tell::<S>(FAULT, line);
    }

    on!(served: apalis_postgres, apalis_redis, graphile, celery_rabbitmq, celery_redis);
    on!(sent: dramatiq_rabbitmq, dramatiq_redis);
}

mod between_chunks {
    use super::*;

    const FAULT: &str = "killed between chunks";

    async fn served<E: Engine>() {
        serve::<E>(FAULT, 100, 5).await;
    }

    async fn sent<S: Sender>() {
        let (.., line) = killed::<S>(100, 5).await;
        tell::<S>(FAULT, line);
    }

    on!(served: apalis_postgres, apalis_redis, graphile, celery_rabbitmq, celery_redis);
    on!(sent: dramatiq_rabbitmq, dramatiq_redis);
}

mod with_its_process {
    use super::*;

    const SIZE: u64 = 500;

    /// What it said had left has left, and of the batch that it was at, all or nothing where the
    /// engine promises that.
    async fn fault<E: Engine>() {
        let place = Place::shared::<E>();
        let engine = place.open::<E>().await;
        let (many, size) = (MANY.to_string(), SIZE.to_string());
        let mut command = place.child::<E>("enqueue", &[&many, &size]);
        let mut child = Child(command.stdout(Stdio::piped()).spawn().expect("started"));
        let mut said = BufReader::new(child.0.stdout.take().expect("its output")).lines();
        for _ in 0..5 {
            assert_eq!(said.next().expect("a line").expect("a line"), format!("{SIZE} 0"));
        }
        child.kill();
        let dispatched = SIZE * (5 + said.map_while(Result::ok).count() as u64);
        let arrived = place.held(&engine).await;
        assert!((dispatched..=dispatched + SIZE).contains(&arrived), "{arrived} of {dispatched}");
        assert!(arrived < MANY, "it was killed half-way");

        place.serve(&engine, 1..=dispatched).await;
        let ran = Ran::all_once(&place.record(), 1..=arrived);
        let line = format_args!("{dispatched} dispatched when it was killed; {ran}");
        tell::<E>("enqueuer killed", line);
    }

    on!(fault: apalis_sqlite, apalis_postgres, apalis_redis, graphile, celery_rabbitmq, celery_redis);
}

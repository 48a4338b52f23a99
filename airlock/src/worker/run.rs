//! The worker's loop: receive, run, settle, stop.

use std::collections::VecDeque;
use std::fmt;
use std::future::pending;
use std::iter::from_fn;
use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ::tokio::select;
use ::tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use ::tokio::task::{JoinError, JoinSet, yield_now};
use ::tokio::time::{Instant, sleep, sleep_until};

use crate::core::backoff::Backoff;

use crate::core::panics::{Contained, panic_message};
use crate::core::task::called::BoxError;
use crate::worker::{Message, Served, Settled, Settlement, Source, Worker, log};

/// How far a worker is with stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
enum Phase {
    Running,
    /// Nothing is begun any more.
    Stopping,
    /// What still runs is given back.
    Aborting,
    /// The engine is waited for no longer.
    Leaving,
}

/// How long to wait where the engine does not answer.
const OUTAGE: Backoff = Backoff::new(Duration::from_millis(100)).longest(Duration::from_secs(10));

/// More messages than a worker ever holds.
const ALL: u32 = (1 << 29) - 1;

/// How long a task runs before its engine is told that it has begun: most are done by then, and it need
/// not hear of them.
const NOTICE: Duration = Duration::from_millis(50);

/// How long a message that runs alone keeps others from beginning at first, while it waits for those that
/// run.
const PATIENCE: Duration = Duration::from_secs(10);

/// And how long at last, and others it.
const LONGEST: Duration = Duration::from_hours(24);

/// How long the engine is waited for after the grace, whatever it is that it does not answer to.
const FAREWELL: Duration = Duration::from_secs(5);

impl Worker {
    /// Takes messages and runs their tasks until `shutdown` is ready, then stops well.
    ///
    /// Stopping: nothing more is taken, what waits is given back, and what runs may finish within the
    /// [grace](crate::worker::WorkerBuilder::grace); what doesn't is given back too. An engine that
    /// does not answer holds it up until 5 seconds after the grace at most. A worker whose future is
    /// dropped stops in the same way, in the background.
    ///
    /// An engine that does not answer is asked again, after growing waits and for as long as it takes.
    ///
    /// # Errors
    ///
    /// [`WorkerError`] where the engine can't be opened. Nothing was taken from it then.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime, and where the source's `wait` does.
    pub async fn run<S: Source>(
        &self,
        source: S,
        shutdown: impl Future<Output = ()>,
    ) -> Result<Served, WorkerError> {
        let mut shutdown = pin!(shutdown);
        select! {
            biased;
            () = &mut shutdown => return Ok(self.served()),
            opened = source.open() => opened.map_err(|source| WorkerError { source })?,
        }
        let running = Running(watch::Sender::new(Phase::Running));
        let mut work = ::tokio::spawn(work(self.clone(), Arc::new(source), running.0.clone()));
        let ended = select! {
            biased;
            () = &mut shutdown => {
                drop(running);
                work.await
            }
            ended = &mut work => ended,
        };
        match ended.map_err(JoinError::try_into_panic) {
            // Whatever is unsettled is delivered again.
            Err(Ok(panic)) => resume_unwind(panic),
            _ => Ok(self.served()),
        }
    }
}

/// A worker that runs, and that stops when this is dropped.
struct Running(watch::Sender<Phase>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.send_if_modified(|phase| {
            let runs = *phase == Phase::Running;
            if runs {
                *phase = Phase::Stopping;
            }
            runs
        });
    }
}

/// Works until told to stop, and to the end.
async fn work<S: Source>(worker: Worker, source: Arc<S>, phase: watch::Sender<Phase>) {
    let stopped = phase.subscribe();
    let working = async {
        let (settle, ended) = mpsc::unbounded_channel();
        let (begin, waiting) = mpsc::unbounded_channel();
        let settling = ::tokio::spawn({
            let (worker, source, stopped) = (worker.clone(), source.clone(), stopped.clone());
            async move {
                select! {
                    () = settle_all(worker, &*source, ended, stopped) => {}
                    () = keep_alive(&*source) => {}
                }
            }
        });
        let running = run_all(worker.clone(), source.clone(), waiting, settle, stopped.clone());
        let running = ::tokio::spawn(running);
        receive_all(&worker, &*source, begin, stopped.clone()).await;
        let _ = running.await;
        let _ = settling.await;
        close(&*source, stopped.clone()).await;
    };
    select! {
        biased;
        () = working => {}
        () = keep_time(&worker, &phase) => {}
    }
}

/// Says how far a worker that stops is, by the clock and whatever else goes on; for ever.
async fn keep_time(worker: &Worker, phase: &watch::Sender<Phase>) {
    reached(phase.subscribe(), Phase::Stopping).await;
    sleep(worker.inner.grace).await;
    phase.send_replace(Phase::Aborting);
    sleep(FAREWELL).await;
    phase.send_replace(Phase::Leaving);
    pending::<()>().await;
}

/// Takes leave of the engine. One that is out of time is asked all the same, and not waited for.
async fn close<S: Source>(source: &S, stopped: watch::Receiver<Phase>) {
    let closed = select! {
        biased;
        closed = asked(source.close()) => closed,
        () = sleep(FAREWELL) => Err("it took too long".into()),
        () = reached(stopped, Phase::Leaving) => Err("it took too long".into()),
    };
    if let Err(error) = closed {
        log::engine_trouble("close", &error);
    }
}

/// What a source answers; that it panics is an error like its engine's.
async fn asked<T>(answer: impl Future<Output = Result<T, BoxError>>) -> Result<T, BoxError> {
    match Contained(pin!(answer)).await {
        Ok(answer) => answer,
        Err(panic) => Err(format!("the source panicked: {}", panic_message(&*panic)).into()),
    }
}

/// Asks a source until it answers, after growing waits.
async fn insist<F: Future<Output = Result<(), BoxError>>>(
    doing: &'static str,
    ask: impl Fn() -> F,
) {
    let mut failures = 0;
    while let Err(error) = asked(ask()).await {
        failures += 1;
        log::engine_trouble(doing, &error);
        sleep(OUTAGE.after(failures)).await;
    }
}

/// Takes messages until told to stop.
async fn receive_all<S: Source>(
    worker: &Worker,
    source: &S,
    begin: mpsc::UnboundedSender<Held<S::Receipt>>,
    stopped: watch::Receiver<Phase>,
) {
    let mut stop = pin!(reached(stopped.clone(), Phase::Stopping));
    let mut out_of_time = pin!(reached(stopped, Phase::Leaving));
    let least = u32::try_from((worker.inner.prefetch / 2).max(1)).unwrap_or(u32::MAX);
    let places = places(worker);
    let mut failures = 0;
    loop {
        let mut permit = select! {
            biased;
            () = &mut stop => return,
            permit = places.clone().acquire_many_owned(least) => match permit {
                Ok(permit) => permit,
                Err(_) => unreachable!("nobody closes the semaphore"),
            },
        };
        settled_down(|| places.available_permits()).await;
        let more = u32::try_from(places.available_permits()).unwrap_or(u32::MAX);
        if let Ok(more) = places.clone().try_acquire_many_owned(more) {
            permit.merge(more);
        }
        let received = select! {
            biased;
            received = asked(source.receive(permit.num_permits())) => received,
            () = &mut out_of_time => return,
        };
        let pause = match received {
            Ok(messages) => {
                failures = 0;
                let idle = messages.is_empty();
                for message in messages {
                    let place = permit.split(1);
                    if begin.send(Held { message, place }).is_err() {
                        return;
                    }
                }
                if !idle {
                    continue;
                }
                None
            }
            Err(error) => {
                failures += 1;
                log::engine_trouble("receive", &error);
                Some(OUTAGE.after(failures))
            }
        };
        drop(permit);
        let pause = async {
            match pause {
                Some(pause) => sleep(pause).await,
                None => source.wait().await,
            }
        };
        select! {
            biased;
            () = &mut stop => return,
            () = pause => {}
        }
    }
}

/// As many as a worker may hold that have not ended, and as many again that its engine doesn't know to
/// have ended: so that it asks for more and tells at the same time.
fn places(worker: &Worker) -> Arc<Semaphore> {
    let room = worker.inner.concurrency.saturating_add(worker.inner.prefetch);
    Arc::new(Semaphore::new(room.min(Semaphore::MAX_PERMITS)))
}

/// Returns when a number no longer grows at once: short tasks end together, and a call to the engine takes
/// as long for one as for many.
async fn settled_down(mut number: impl FnMut() -> usize) {
    const TURNS: usize = 32;
    let (mut last, mut left) = (number(), TURNS);
    while left > 0 {
        yield_now().await;
        left -= 1;
        let now = number();
        if now > last {
            (last, left) = (now, TURNS);
        }
    }
}

/// A message with its place in the worker.
struct Held<R> {
    message: Message<R>,
    place: Option<OwnedSemaphorePermit>,
}

/// What became of a message, with its place among those that have ended, or else in the worker, and its
/// place among those that have begun. It keeps them until its engine knows.
struct Ended<R> {
    settled: Settled<R>,
    place: (Option<OwnedSemaphorePermit>, Option<OwnedSemaphorePermit>),
}

/// Runs messages in order, as many at once as the worker may.
async fn run_all<S: Source>(
    worker: Worker,
    source: Arc<S>,
    mut waiting: mpsc::UnboundedReceiver<Held<S::Receipt>>,
    settle: mpsc::UnboundedSender<Ended<S::Receipt>>,
    stopped: watch::Receiver<Phase>,
) {
    let running = Arc::new(Semaphore::new(worker.inner.concurrency.min(Semaphore::MAX_PERMITS)));
    // What has begun and is not settled: to the engine it runs.
    let unsettled = Arc::new(Semaphore::new(ALL as usize));
    let untold = places(&worker);
    let (tell, begun) = mpsc::unbounded_channel();
    ::tokio::spawn(tell_all(source.clone(), begun, stopped.clone()));
    let mut tasks = JoinSet::new();
    let mut aside = Aside::new();
    loop {
        let (first, alone) = select! {
            biased;
            first = aside.next(stopped.clone(), &unsettled) => (first, true),
            held = waiting.recv() => match held {
                Some(held) if runs_alone(&worker, &held.message) => {
                    aside.add(held);
                    continue;
                }
                Some(held) => (held, false),
                None => break,
            },
        };
        let permits = async {
            let begun = unsettled.clone().acquire_many_owned(if alone { ALL } else { 1 }).await;
            Some((running.clone().acquire_owned().await.ok()?, begun.ok()?))
        };
        let permits = select! {
            biased;
            () = reached(stopped.clone(), Phase::Stopping) => None,
            permits = permits => permits,
            () = sleep(aside.patience), if alone => {
                aside.put_off(first);
                continue;
            }
        };
        let Some(permits) = permits else {
            let Held { message, place } = first;
            end(&worker, &settle, message.receipt, Settlement::Return, (place, None));
            continue;
        };
        if alone {
            aside.patience = PATIENCE;
        }
        // Those for which there is room begin together, so that the engine is told once, if at all.
        let mut beginning = vec![(first, permits)];
        while let Ok(begun) = unsettled.clone().try_acquire_owned()
            && let Ok(permit) = running.clone().try_acquire_owned()
            && let Ok(held) = waiting.try_recv()
        {
            if runs_alone(&worker, &held.message) {
                aside.add(held);
                break;
            }
            beginning.push((held, (permit, begun)));
        }
        let messages = beginning.iter().map(|(held, _)| &held.message);
        let careful = messages.filter(|message| is_told_first(&worker, message));
        let careful: Vec<_> = careful.map(|message| &message.receipt).collect();
        let begun = careful.is_empty()
            || select! {
                biased;
                () = reached(stopped.clone(), Phase::Stopping) => false,
                () = insist("begin", || source.begin(&careful)) => true,
            };
        while tasks.try_join_next().is_some() {}
        for (Held { message, place }, (permit, unsettled)) in beginning {
            if begun {
                let (worker, settle, stopped) = (worker.clone(), settle.clone(), stopped.clone());
                let (tell, untold) = (tell.clone(), untold.clone());
                tasks.spawn(async move {
                    let (receipt, settlement) = run_one(&worker, message, tell, stopped).await;
                    let place = (untold.try_acquire_owned().ok().or(place), Some(unsettled));
                    // Before the next one may begin, so that one at a time are told in order as well.
                    end(&worker, &settle, receipt, settlement, place);
                    drop(permit);
                });
            } else {
                let place = (place, Some(unsettled));
                end(&worker, &settle, message.receipt, Settlement::Return, place);
            }
        }
    }
    for Held { message, place } in aside.held {
        end(&worker, &settle, message.receipt, Settlement::Return, (place, None));
    }
    while tasks.join_next().await.is_some() {}
}

/// Returns when nothing runs. To wait for all permits would let nothing begin meanwhile, so they are looked at
/// from time to time.
async fn idle(unsettled: &Semaphore) {
    while unsettled.available_permits() < ALL as usize {
        sleep(LOOK).await;
    }
}

/// How often a worker that has messages aside looks whether it is idle.
const LOOK: Duration = Duration::from_millis(50);

/// Messages that run alone, and wait for a moment at which nothing else does.
struct Aside<R> {
    held: VecDeque<Held<R>>,
    /// When the next one has its turn.
    turn: Instant,
    /// How long the worker lets nothing begin for its sake.
    patience: Duration,
}

impl<R> Aside<R> {
    fn new() -> Self {
        Self { held: VecDeque::new(), turn: Instant::now(), patience: PATIENCE }
    }

    fn add(&mut self, held: Held<R>) {
        self.held.push_back(held);
    }

    /// Returns the next one when it has its turn, when nothing runs, or when it is to be given back.
    async fn next(&mut self, stopped: watch::Receiver<Phase>, unsettled: &Semaphore) -> Held<R> {
        if !self.held.is_empty() {
            select! {
                () = reached(stopped, Phase::Stopping) => {}
                () = sleep_until(self.turn) => {}
                () = idle(unsettled) => {}
            }
        }
        match self.held.pop_front() {
            Some(held) => held,
            None => pending().await,
        }
    }

    /// Lets others go on, for longer than they were kept waiting. What runs may take for ever, so only the
    /// share of its time that a worker waits is bounded; and because it waits for longer each time, it does
    /// wait for whatever ends.
    fn put_off(&mut self, held: Held<R>) {
        self.held.push_front(held);
        self.turn = Instant::now() + self.patience.saturating_mul(6).min(LONGEST);
        self.patience = self.patience.saturating_mul(2).min(LONGEST);
    }
}

/// Whether nothing else may run beside a message, nor be unsettled: the last attempt of one whose worker
/// was killed.
fn runs_alone<R>(worker: &Worker, message: &Message<R>) -> bool {
    let Message { envelope, attempt, interrupted, .. } = message;
    let last = |envelope| worker.inner.attempts(envelope) == *attempt;
    *interrupted && envelope.as_ref().is_ok_and(last)
}

/// Whether the engine is told before a task begins, because it would otherwise never know: that of a
/// message whose worker died, which may kill this one at once, or which has no further attempt.
fn is_told_first<R>(worker: &Worker, message: &Message<R>) -> bool {
    let Message { envelope, attempt, interrupted, due, .. } = message;
    let Ok(envelope) = envelope else { return false };
    (*interrupted || worker.inner.attempts(envelope) <= *attempt)
        && due.is_none_or(|due| due <= SystemTime::now())
}

/// A message whose task has been running for a while, and who hears when its engine knows.
type Begun<R> = (Arc<R>, oneshot::Sender<()>);

/// Tells the engine which tasks have begun, of all that have been running for a while at once.
async fn tell_all<S: Source>(
    source: Arc<S>,
    mut begun: mpsc::UnboundedReceiver<Begun<S::Receipt>>,
    stopped: watch::Receiver<Phase>,
) {
    const AT_ONCE: usize = 1_000;
    let mut batch = Vec::new();
    while begun.recv_many(&mut batch, AT_ONCE).await > 0 {
        let receipts: Vec<&S::Receipt> = batch.iter().map(|(receipt, _)| &**receipt).collect();
        select! {
            biased;
            // It lives to tell what became of them.
            () = reached(stopped.clone(), Phase::Stopping) => {}
            () = insist("begin", || source.begin(&receipts)) => {}
        }
        for (receipt, told) in batch.drain(..) {
            drop(receipt);
            let _ = told.send(());
        }
    }
}

/// Runs the task of a message; its receipt, and what became of it.
async fn run_one<R>(
    worker: &Worker,
    message: Message<R>,
    tell: mpsc::UnboundedSender<Begun<R>>,
    stopped: watch::Receiver<Phase>,
) -> (R, Settlement) {
    let told_first = is_told_first(worker, &message);
    let Message { mut receipt, envelope, attempt, due, interrupted } = message;
    let early = due.and_then(|due| due.duration_since(SystemTime::now()).ok());
    let settlement = match (envelope, early.filter(|early| !early.is_zero())) {
        (Err(error), _) => {
            log::undecodable(&error);
            Settlement::Dead { reason: error.to_string() }
        }
        (Ok(_), Some(after)) => Settlement::Retry { after, reason: None },
        (Ok(envelope), None) => {
            let mut running = pin!(async {
                select! {
                    biased;
                    settlement = worker.perform_one(&envelope, attempt, interrupted) => settlement,
                    () = reached(stopped, Phase::Aborting) => Settlement::Return,
                }
            });
            let quick = select! {
                biased;
                settlement = &mut running => Some(settlement),
                () = sleep(NOTICE), if !told_first => None,
            };
            let settlement = if let Some(settlement) = quick {
                settlement
            } else {
                let shared = Arc::new(receipt);
                let (told, heard) = oneshot::channel();
                let _ = tell.send((shared.clone(), told));
                let settlement = running.await;
                // The engine hears of one thing after the other.
                let _ = heard.await;
                receipt = match Arc::into_inner(shared) {
                    Some(receipt) => receipt,
                    None => unreachable!("whoever told has dropped it before"),
                };
                settlement
            };
            log::settled(&envelope, attempt, &settlement);
            settlement
        }
    };
    (receipt, settlement)
}

fn end<R>(
    worker: &Worker,
    settle: &mpsc::UnboundedSender<Ended<R>>,
    receipt: R,
    settlement: Settlement,
    place: (Option<OwnedSemaphorePermit>, Option<OwnedSemaphorePermit>),
) {
    worker.inner.counters.count(&settlement);
    // Whoever settles goes on for as long as there are senders.
    let _ = settle.send(Ended { settled: Settled { receipt, settlement }, place });
}

/// Returns when the worker has got so far; also where nobody runs it any more.
async fn reached(mut stopped: watch::Receiver<Phase>, phase: Phase) {
    let _ = stopped.wait_for(|reached| *reached >= phase).await;
}

/// Tells the engine what became of messages, of all that have ended meanwhile at once.
async fn settle_all<S: Source>(
    worker: Worker,
    source: &S,
    mut ended: mpsc::UnboundedReceiver<Ended<S::Receipt>>,
    stopped: watch::Receiver<Phase>,
) {
    const AT_ONCE: usize = 1_000;
    let mut out_of_time = pin!(reached(stopped, Phase::Leaving));
    let mut late = false;
    let mut batch = Vec::new();
    while ended.recv_many(&mut batch, AT_ONCE).await > 0 {
        settled_down(|| {
            let room = AT_ONCE.saturating_sub(batch.len());
            batch.extend(from_fn(|| ended.try_recv().ok()).take(room));
            batch.len()
        })
        .await;
        let (settled, places): (Vec<_>, Vec<_>) =
            batch.drain(..).map(|Ended { settled, place }| (settled, place)).unzip();
        select! {
            biased;
            () = insist("settle", || source.settle(&settled)), if !late => {}
            () = &mut out_of_time, if !late => late = true,
            else => {}
        }
        if late {
            worker.inner.counters.untold(settled.len());
            log::untold(settled.len());
        }
        drop(places);
    }
}

/// Tells the engine that the worker lives, for ever.
async fn keep_alive<S: Source>(source: &S) {
    let Some(heartbeat) = source.heartbeat() else { return pending().await };
    loop {
        sleep(heartbeat).await;
        if let Err(error) = asked(source.keep_alive()).await {
            log::engine_trouble("keep alive", &error);
        }
    }
}

/// A worker can't begin, because its engine can't be opened.
#[derive(Debug)]
pub struct WorkerError {
    source: BoxError,
}

impl fmt::Display for WorkerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the worker can't begin: {}", self.source)
    }
}

impl std::error::Error for WorkerError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}

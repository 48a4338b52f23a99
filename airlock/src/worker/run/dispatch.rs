//! Running messages in the order of the queue, as many at once as the worker's concurrency.
//!
//! The dispatcher is one type, and its steps share its fields: that is why this file is long.

use std::collections::HashSet;
use std::sync::Arc;

use crate::core::threads::tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use crate::core::threads::tokio::task::JoinSet;
use crate::core::threads::tokio::time::sleep;
use crate::core::threads::tokio::{select, spawn};
use crate::worker::run::Run;
use crate::worker::run::alone::{AloneQueue, RunGuard, RunLock, runs_alone};
use crate::worker::run::begin::{BegunMessage, is_reported_first, report_begun};
use crate::worker::run::engine::call_until_ok;
use crate::worker::run::message::run_message;
use crate::worker::run::receive::Received;
use crate::worker::run::settle::{EndedMessage, Settling};
use crate::worker::run::shutdown::Phase;
use crate::worker::run::steady::forget_ended;
use crate::worker::{Message, Settlement, Source, log};

/// Takes messages from [`receive`](super::receive), and gives them to [`settle`](super::settle).
pub(super) struct Dispatcher<S: Source> {
    run: Arc<Run<S>>,
    /// A permit for each task that may run.
    running: Arc<Semaphore>,
    lock: RunLock,
    alone: AloneQueue<S::Receipt>,
    tasks: JoinSet<()>,
    begun: mpsc::UnboundedSender<BegunMessage<S::Receipt>>,
    settling: Arc<Settling<S::Receipt>>,
}

/// A message that may begin.
struct Admitted<R> {
    received: Received<R>,
    guard: RunGuard,
    permit: OwnedSemaphorePermit,
}

/// Whether a message may begin.
enum Admission {
    Admitted(RunGuard, OwnedSemaphorePermit),
    /// It is to run alone, and the others have taken too long.
    PutOff,
    ShuttingDown,
}

type ReceivedMessages<R> = mpsc::UnboundedReceiver<Received<R>>;

impl<S: Source> Dispatcher<S> {
    pub(super) fn new(
        run: Arc<Run<S>>,
        ended: mpsc::UnboundedSender<EndedMessage<S::Receipt>>,
    ) -> Self {
        let (begun, to_report) = mpsc::unbounded_channel();
        spawn(report_begun(run.clone(), to_report));
        let concurrency = run.worker.inner.concurrency.min(Semaphore::MAX_PERMITS);
        Self {
            running: Arc::new(Semaphore::new(concurrency)),
            lock: RunLock::default(),
            alone: AloneQueue::new(),
            tasks: JoinSet::new(),
            begun,
            settling: Arc::new(Settling::new(run.worker.clone(), ended)),
            run,
        }
    }

    /// Runs messages until no more are received and all have ended.
    pub(super) async fn dispatch(mut self, mut received: ReceivedMessages<S::Receipt>) {
        while let Some((first, alone)) = self.next(&mut received).await {
            let (guard, permit) = match self.admit(alone).await {
                Admission::Admitted(guard, permit) => (guard, permit),
                Admission::PutOff => {
                    self.alone.put_off(first);
                    continue;
                }
                Admission::ShuttingDown => {
                    self.return_received(first);
                    continue;
                }
            };
            if alone {
                self.alone.begun();
            }
            let first = Admitted { received: first, guard, permit };
            let batch = self.admit_more(first, &mut received);
            match self.announce(&batch).await {
                Some(lost) => {
                    let held = self.drop_lost(batch, &lost);
                    self.start(held);
                }
                None => self.return_admitted(batch),
            }
        }
        self.finish().await;
    }

    /// The next message, and whether it runs alone.
    async fn next(
        &mut self,
        received: &mut ReceivedMessages<S::Receipt>,
    ) -> Option<(Received<S::Receipt>, bool)> {
        loop {
            let received = select! {
                biased;
                alone = self.alone.next(&self.run.shutdown, &self.lock) => {
                    return Some((alone, true));
                }
                received = received.recv() => received?,
            };
            if !runs_alone(&self.run.worker, &received.message) {
                return Some((received, false));
            }
            self.alone.push(received);
        }
    }

    /// Waits until a message may begin; one that runs alone, until nothing else runs.
    async fn admit(&self, alone: bool) -> Admission {
        let claimed = async {
            let guard = if alone { self.lock.alone().await } else { self.lock.shared().await };
            (guard, self.permit().await)
        };
        let too_long = async { sleep(self.alone.timeout).await };
        select! {
            biased;
            () = self.run.shutdown.reached(Phase::Draining) => Admission::ShuttingDown,
            (guard, permit) = claimed => Admission::Admitted(guard, permit),
            () = too_long, if alone => Admission::PutOff,
        }
    }

    async fn permit(&self) -> OwnedSemaphorePermit {
        match self.running.clone().acquire_owned().await {
            Ok(permit) => permit,
            Err(_) => unreachable!("nobody closes the semaphore"),
        }
    }

    /// Adds the messages that may begin at once, so that the engine is told of all together.
    fn admit_more(
        &mut self,
        first: Admitted<S::Receipt>,
        received: &mut ReceivedMessages<S::Receipt>,
    ) -> Vec<Admitted<S::Receipt>> {
        let mut batch = vec![first];
        while let Some(guard) = self.lock.try_shared()
            && let Ok(permit) = self.running.clone().try_acquire_owned()
            && let Ok(received) = received.try_recv()
        {
            if runs_alone(&self.run.worker, &received.message) {
                self.alone.push(received);
                break;
            }
            batch.push(Admitted { received, guard, permit });
        }
        batch
    }

    /// Tells the engine of the messages that it has to know of before they begin, and asks it about those that others
    /// may have taken over. Returns the indices of those that are no longer this worker's, in order; `None` if the
    /// worker shuts down before the engine answers.
    async fn announce(&self, batch: &[Admitted<S::Receipt>]) -> Option<Vec<usize>> {
        let Run { worker, source, lease, .. } = &*self.run;
        let is_sure = |received: &Received<_>| lease.is_sure(received.term);
        let unsure = batch.iter().any(|admitted| !is_sure(&admitted.received));
        let asked: Vec<usize> = (0..batch.len())
            .filter(|index| {
                let received = &batch[*index].received;
                unsure || is_reported_first(worker, &received.message)
            })
            .collect();
        let receipt = |index: usize| &batch[index].received.message.receipt;
        let receipts: Vec<_> = asked.iter().map(|index| receipt(*index)).collect();
        let answered = async {
            if unsure {
                lease.renewed().await;
            }
            call_until_ok("begin", || source.begin(&receipts)).await.0
        };
        let lost = if receipts.is_empty() {
            Vec::new()
        } else {
            select! {
                biased;
                () = self.run.shutdown.reached(Phase::Draining) => return None,
                lost = answered => lost,
            }
        };
        let lost: HashSet<_> = lost.iter().filter_map(|place| asked.get(*place)).collect();
        let is_lost = |index: &usize| lost.contains(index) || !source.is_held(receipt(*index));
        Some((0..batch.len()).filter(is_lost).collect())
    }

    /// Drops messages that are no longer this worker's. Returns the others.
    fn drop_lost(
        &self,
        batch: Vec<Admitted<S::Receipt>>,
        lost: &[usize],
    ) -> Vec<Admitted<S::Receipt>> {
        if lost.is_empty() {
            return batch;
        }
        let (mut held, mut names) = (Vec::new(), Vec::new());
        for (index, admitted) in batch.into_iter().enumerate() {
            if lost.binary_search(&index).is_ok() {
                names.push(admitted.received.message.envelope.into());
            } else {
                held.push(admitted);
            }
        }
        self.run.worker.inner.counters.fenced(names.len());
        log::fenced(&names);
        held
    }

    fn start(&mut self, batch: Vec<Admitted<S::Receipt>>) {
        forget_ended(&mut self.tasks);
        for Admitted { received: Received { message, place, .. }, guard, permit } in batch {
            let (run, settling) = (self.run.clone(), self.settling.clone());
            let begun = self.begun.clone();
            self.tasks.spawn(async move {
                let ran = guard.during(run_message(&run, message, &begun)).await;
                let ((name, receipt, settlement), guard) = ran;
                let occupied = (settling.exchange(place), guard);
                // Before the next one may begin, so that one at a time are settled in order as well.
                settling.settle(name, receipt, settlement, occupied);
                drop(permit);
            });
        }
    }

    /// Returns what waits to run alone, and waits for what runs.
    async fn finish(&mut self) {
        while let Some(received) = self.alone.pop() {
            self.return_received(received);
        }
        while self.tasks.join_next().await.is_some() {}
    }

    fn return_admitted(&self, batch: Vec<Admitted<S::Receipt>>) {
        for Admitted { received, guard, .. } in batch {
            self.give_back(received, Some(guard));
        }
    }

    fn return_received(&self, received: Received<S::Receipt>) {
        self.give_back(received, None);
    }

    fn give_back(&self, received: Received<S::Receipt>, guard: Option<RunGuard>) {
        let Received { message: Message { receipt, envelope, .. }, place, .. } = received;
        self.settling.settle(envelope.into(), receipt, Settlement::Return, (place, guard));
    }
}

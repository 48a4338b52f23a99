//! An engine in memory, which fails as it is told.

mod source;
mod state;

use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use airlock::envelope::Envelope;
use airlock::worker::Settlement;
use airlock::{BoxError, Intent};

use self::state::{Delivery, Inner, State};

/// A queue, what workers hold of it, and what they told.
#[derive(Clone, Default)]
pub(super) struct Memory(Arc<Inner>);

/// How a call ends that is told to fail.
#[derive(Clone, Copy)]
pub(super) enum Fault {
    Error,
    Panic,
    Hang,
    /// It succeeds, after a while.
    Slow(Duration),
}

/// As often as it is called.
pub(super) const ALWAYS: usize = usize::MAX;

impl Memory {
    pub(super) fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an intent into the queue: the number of the message, the first being 1.
    pub(super) fn send(&self, intent: &Intent) -> u64 {
        self.send_envelope(&envelope(intent))
    }

    pub(super) fn send_envelope(&self, envelope: &Envelope) -> u64 {
        self.send_body(envelope.to_json())
    }

    pub(super) fn send_body(&self, body: impl Into<Vec<u8>>) -> u64 {
        self.deliver(body.into(), 1, None)
    }

    /// The same as the attempt of this number.
    pub(super) fn send_attempt(&self, intent: &Intent, attempt: u32) -> u64 {
        self.deliver(envelope(intent).to_json(), attempt, None)
    }

    /// The same before it may run.
    pub(super) fn send_early(&self, intent: &Intent, due: SystemTime) -> u64 {
        self.deliver(envelope(intent).to_json(), 1, Some(due))
    }

    fn deliver(&self, body: Vec<u8>, attempt: u32, due: Option<SystemTime>) -> u64 {
        let mut state = self.state();
        state.sent += 1;
        let number = state.sent;
        state.queue.push_back(Delivery {
            number,
            body,
            attempt,
            due,
            not_before: None,
            interrupted: false,
            waited: false,
        });
        drop(state);
        self.0.changed.notify_waiters();
        number
    }

    /// Lets the next calls, so many, of the source's function `call` fail.
    pub(super) fn fail(&self, call: &'static str, fault: Fault, times: usize) {
        self.state().faults.insert(call, (fault, times));
    }

    pub(super) fn with_heartbeat(self, heartbeat: Duration) -> Self {
        self.state().heartbeat = Some(heartbeat);
        self
    }

    /// Returns when there is nothing in the queue and nobody holds a message.
    pub(super) async fn idle(&self) {
        self.reaches(|state| state.queue.is_empty() && state.held.is_empty()).await;
    }

    /// Returns when so many messages are held at once.
    pub(super) async fn holds(&self, messages: usize) {
        self.reaches(|state| state.held.len() == messages).await;
    }

    /// Returns when it has been told what became of so many messages.
    pub(super) async fn has_settled(&self, messages: usize) {
        self.reaches(|state| state.told.len() >= messages).await;
    }

    /// Returns when a function of the source has been called so often.
    pub(super) async fn called(&self, call: &str, times: usize) {
        self.reaches(|state| state.times(call) >= times).await;
    }

    /// Where it never is, the test fails in place of a hang.
    async fn reaches(&self, there: impl Fn(&State) -> bool) {
        let reached = async {
            loop {
                let mut changed = std::pin::pin!(self.0.changed.notified());
                changed.as_mut().enable();
                if there(&self.state()) {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(Duration::from_mins(10), reached).await.expect("it gets there");
    }

    /// The messages of each call of `begin`.
    pub(super) fn begun(&self) -> Vec<Vec<u64>> {
        self.state().begun.clone()
    }

    /// Says of a message in the queue that the worker which had it was killed, and which attempt is next.
    pub(super) fn interrupt(&self, number: u64, attempt: u32) {
        let mut state = self.state();
        let delivery = state.queue.iter_mut().find(|delivery| delivery.number == number);
        let delivery = delivery.expect("it is in the queue");
        (delivery.interrupted, delivery.attempt) = (true, attempt);
    }

    /// The same of one that had not begun there.
    pub(super) fn interrupt_waiting(&self, number: u64, attempt: u32) {
        self.interrupt(number, attempt);
        let mut state = self.state();
        let delivery = state.queue.iter_mut().find(|delivery| delivery.number == number);
        delivery.expect("it is in the queue").waited = true;
    }

    /// Another worker takes over all that this one holds, without a word.
    pub(super) fn take_over(&self) {
        let mut state = self.state();
        let held = std::mem::take(&mut state.held);
        state.taken_over.extend(held.keys());
    }

    /// The connection is lost on which all of that came which this worker holds.
    pub(super) fn disconnect(&self) {
        let mut state = self.state();
        let held = std::mem::take(&mut state.held);
        state.taken_over.extend(held.keys());
        state.disconnected.extend(held.keys());
    }

    /// What became of messages, in the order in which it was told, as `1: done`.
    pub(super) fn told(&self) -> Vec<String> {
        let state = self.state();
        state.told.iter().map(|(number, settlement)| format!("{number}: {settlement}")).collect()
    }

    /// The reason of the one dead letter.
    #[track_caller]
    pub(super) fn dead(&self) -> String {
        let state = self.state();
        let dead: Vec<_> =
            state.told.iter().filter_map(|(_, settlement)| reason(settlement)).collect();
        assert_eq!(dead.len(), 1, "dead letters: {dead:?}");
        dead[0].to_owned()
    }

    /// How long each retry was to wait.
    pub(super) fn waits(&self) -> Vec<Duration> {
        let state = self.state();
        let wait = |(_, settlement): &(u64, Settlement)| match settlement {
            Settlement::Retry { after, .. } => Some(*after),
            _ => None,
        };
        state.told.iter().filter_map(wait).collect()
    }

    /// The numbers of the messages in the queue.
    pub(super) fn queue(&self) -> Vec<u64> {
        self.state().queue.iter().map(|delivery| delivery.number).collect()
    }

    /// The attempt that each message in the queue is delivered for next.
    pub(super) fn attempts(&self) -> Vec<u32> {
        self.state().queue.iter().map(|delivery| delivery.attempt).collect()
    }

    pub(super) fn most_held(&self) -> usize {
        self.state().most_held
    }

    /// The messages of each call of `settle`.
    pub(super) fn settled(&self) -> Vec<Vec<u64>> {
        self.state().settled.clone()
    }

    /// How often a function of the source has been called.
    pub(super) fn calls(&self, call: &str) -> usize {
        self.state().times(call)
    }

    /// The functions of the source in the order of their first call.
    pub(super) fn order_of_calls(&self) -> Vec<&'static str> {
        let mut order = Vec::new();
        for (call, _) in &self.state().calls {
            if !order.contains(call) {
                order.push(*call);
            }
        }
        order
    }

    /// How much time there was between the calls of a function of the source.
    pub(super) fn pauses(&self, call: &str) -> Vec<Duration> {
        let state = self.state();
        let calls = state.calls.iter().filter(|(called, _)| *called == call);
        let times: Vec<_> = calls.map(|(_, at)| *at).collect();
        times.windows(2).map(|two| two[1] - two[0]).collect()
    }

    /// Nothing was settled twice, or that was not held.
    #[track_caller]
    pub(super) fn assert_sound(&self) {
        assert_eq!(self.state().wrong, [""; 0]);
    }

    /// Notes the call, and fails where it is told to.
    async fn call(&self, call: &'static str) -> Result<(), BoxError> {
        let fault = self.state().call(call);
        self.0.changed.notify_waiters();
        match fault {
            None => Ok(()),
            Some(Fault::Error) => Err(format!("no {call} today").into()),
            Some(Fault::Panic) => panic!("{call} panics"),
            Some(Fault::Slow(time)) => {
                tokio::time::sleep(time).await;
                Ok(())
            }
            Some(Fault::Hang) => std::future::pending().await,
        }
    }
}

fn envelope(intent: &Intent) -> Envelope {
    Envelope::of(intent, SystemTime::now()).expect("its arguments have JSON")
}

fn reason(settlement: &Settlement) -> Option<&str> {
    match settlement {
        Settlement::Dead { reason } => Some(reason),
        _ => None,
    }
}

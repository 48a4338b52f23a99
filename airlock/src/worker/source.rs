//! What a worker needs of an engine.

use std::fmt;
use std::time::{Duration, SystemTime};

use crate::core::task::called::BoxError;
use crate::envelope::{Envelope, EnvelopeError};

/// Where a worker takes messages from, and whom it tells what became of them.
///
/// The queues of the engines implement it: see the crate's features. One of your own needs three
/// functions. A message belongs to the worker from [`receive`](Self::receive) until
/// [`settle`](Self::settle); an engine hands one that is never settled to another worker, so that a
/// task runs at least once.
///
/// # Examples
///
/// ```standalone_crate
/// use std::collections::VecDeque;
/// use std::sync::{Arc, Mutex};
///
/// use airlock::envelope::Envelope;
/// use airlock::worker::{Message, Settled, Settlement, Source};
/// use airlock::{BoxError, tasks};
///
/// #[airlock::task(name = "mail.welcome")]
/// async fn welcome(user_id: u64) {}
///
/// /// Envelopes in memory; its receipts are the envelopes themselves.
/// #[derive(Clone, Default)]
/// struct Memory(Arc<Mutex<VecDeque<Envelope>>>);
///
/// impl Source for Memory {
///     type Receipt = Envelope;
///
///     async fn wait(&self) {
///         tokio::time::sleep(std::time::Duration::from_millis(5)).await;
///     }
///
///     async fn receive(&self, room: usize) -> Result<Vec<Message<Envelope>>, BoxError> {
///         let mut queue = self.0.lock().expect("nobody panics");
///         let room = room.min(queue.len());
///         Ok(queue.drain(..room).map(|envelope| Message::new(envelope.clone(), Ok(envelope))).collect())
///     }
///
///     async fn settle(&self, settled: &[Settled<Envelope>]) -> Result<(), BoxError> {
///         for Settled { receipt, settlement } in settled {
///             match settlement {
///                 Settlement::Retry { .. } | Settlement::Return => {
///                     self.0.lock().expect("nobody panics").push_back(receipt.clone());
///                 }
///                 Settlement::Done | Settlement::Dead { .. } => {}
///             }
///         }
///         Ok(())
///     }
/// }
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let memory = Memory::default();
/// let sent = Envelope::of(&welcome::intent(7), std::time::SystemTime::now())?;
/// memory.0.lock().expect("nobody panics").push_back(sent);
///
/// let worker = airlock::worker().serving(tasks![welcome]).build()?;
/// let a_moment = tokio::time::sleep(std::time::Duration::from_millis(100));
/// let served = worker.run(memory, a_moment).await?;
/// assert_eq!(served.done, 1);
/// # Ok(())
/// # }
/// ```
pub trait Source: Send + Sync + 'static {
    /// What the engine needs to be told what became of a message.
    type Receipt: Send + Sync + 'static;

    /// Prepares the engine, once, before anything else is called.
    ///
    /// It is dropped half-way where the worker is told to stop before it has begun.
    ///
    /// # Errors
    ///
    /// What makes it pointless to begin; the worker ends with it.
    fn open(&self) -> impl Future<Output = Result<(), BoxError>> + Send {
        async { Ok(()) }
    }

    /// Returns when there may be messages: on a notification, or after a while.
    ///
    /// It may be dropped half-way and then called again, so it holds no message.
    fn wait(&self) -> impl Future<Output = ()> + Send;

    /// Takes at most `room` messages, in order; none where there is none to take now.
    ///
    /// It is not dropped half-way, unless it is still without an answer when a worker that stops has
    /// waited for all of its grace and longer.
    ///
    /// # Errors
    ///
    /// The engine's: the worker says so in the log and comes back after a growing wait.
    fn receive(
        &self,
        room: usize,
    ) -> impl Future<Output = Result<Vec<Message<Self::Receipt>>, BoxError>> + Send;

    /// Tells the engine that the tasks of these messages have begun: where the worker dies, these are the
    /// ones whose attempt counts, and not those that only wait in it.
    ///
    /// It is told of those that have been running for 50 milliseconds, of many at once, while they run;
    /// and *before* it begins of what may be the last that the worker does: a message that came
    /// [`interrupted`](Message::interrupted), or that is at its last attempt. It is dropped half-way
    /// where the worker stops.
    ///
    /// # Errors
    ///
    /// The engine's: the worker tries again, with the same messages.
    fn begin(
        &self,
        receipts: &[&Self::Receipt],
    ) -> impl Future<Output = Result<(), BoxError>> + Send {
        let _ = receipts;
        async { Ok(()) }
    }

    /// Tells the engine what became of messages: of many in as few round trips as it allows.
    ///
    /// # Errors
    ///
    /// The engine's: the worker tries again for a while, with the same messages.
    fn settle(
        &self,
        settled: &[Settled<Self::Receipt>],
    ) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// Tells the engine that the worker lives, so that it leaves the messages to it; also while the
    /// worker stops. It is dropped half-way where everything is settled meanwhile.
    ///
    /// # Errors
    ///
    /// The engine's: they are said in the log.
    fn keep_alive(&self) -> impl Future<Output = Result<(), BoxError>> + Send {
        async { Ok(()) }
    }

    /// How often to say so; not at all unless told otherwise.
    fn heartbeat(&self) -> Option<Duration> {
        None
    }

    /// Takes leave of the engine, once, after everything is settled.
    ///
    /// # Errors
    ///
    /// The engine's: they are said in the log.
    fn close(&self) -> impl Future<Output = Result<(), BoxError>> + Send {
        async { Ok(()) }
    }
}

/// A message as its engine delivered it.
#[derive(Debug)]
pub struct Message<R> {
    pub(crate) receipt: R,
    pub(crate) envelope: Result<Envelope, EnvelopeError>,
    pub(crate) attempt: u32,
    pub(crate) due: Option<SystemTime>,
    pub(crate) interrupted: bool,
}

impl<R> Message<R> {
    /// A message of its first attempt, or what could not be read of one.
    pub fn new(receipt: R, envelope: Result<Envelope, EnvelopeError>) -> Self {
        Self { receipt, envelope, attempt: 1, due: None, interrupted: false }
    }

    /// The same of the attempt of this number, the first being 1.
    ///
    /// An attempt whose worker was killed counts, so that a task that kills its workers is given up
    /// in the end: a message that comes for more attempts than its task has is a dead letter.
    #[must_use]
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.attempt = attempt.max(1);
        self
    }

    /// The same where the worker that had the message before did not live to say what became of it,
    /// whether or not that was an attempt.
    ///
    /// Nobody knows whether it was this task that killed its worker, or one beside it. So the engine is
    /// told [before](Source::begin) it begins, and the last attempt of such a message is made while
    /// nothing else runs: another task can't take it along.
    #[must_use]
    pub fn interrupted(mut self, interrupted: bool) -> Self {
        self.interrupted = interrupted;
        self
    }

    /// The same from an engine that delivers at once what may not run before `due`: the worker gives
    /// it back until then.
    #[must_use]
    pub fn due(mut self, due: Option<SystemTime>) -> Self {
        self.due = due;
        self
    }
}

impl<R> Message<R> {
    /// The receipt, to settle the message with, what could be read of it, and the attempt's number.
    pub fn into_parts(self) -> (R, Result<Envelope, EnvelopeError>, u32) {
        (self.receipt, self.envelope, self.attempt)
    }
}

/// A message with what became of it.
#[derive(Debug)]
pub struct Settled<R> {
    /// Whose it is.
    pub receipt: R,
    /// What became of it.
    pub settlement: Settlement,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// The task succeeded and its effects have left: the engine may forget the message.
    Done,
    /// To be delivered again, no sooner than after this time.
    Retry {
        /// How long to wait.
        after: Duration,
        /// Why the attempt failed; `None` where it was not made because the message came early,
        /// which counts as no attempt.
        reason: Option<String>,
    },
    /// Not to be tried any more: the engine keeps the message, with the reason.
    Dead {
        /// What to tell whoever looks at it.
        reason: String,
    },
    /// Given back by a worker that stops, as if it had not been delivered.
    Return,
}

impl fmt::Display for Settlement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Retry { after, reason: Some(reason) } => {
                write!(f, "to be tried again in {after:.1?}: {reason}")
            }
            Self::Retry { after, reason: None } => write!(f, "early by {after:.1?}"),
            Self::Dead { reason } => write!(f, "dead letter: {reason}"),
            Self::Return => f.write_str("given back"),
        }
    }
}

//! What a worker needs of an engine.

use std::time::Duration;

use crate::core::task::called::BoxError;
use crate::worker::{Message, Settled};

/// An engine, as a worker sees it: it gives messages, and is told what became of them.
///
/// The queues of the engines implement it: see the crate's features. One of your own needs three
/// functions. A message belongs to the worker from [`receive`](Self::receive) until
/// [`settle`](Self::settle) **acknowledges** it. An engine delivers a message that is never settled to
/// another worker, so that a task runs at least once.
///
/// # Leases
///
/// An engine whose workers hold messages under a **lease** implements more:
/// [`keep_alive`](Self::keep_alive) renews the leases at every [`heartbeat`](Self::heartbeat), and
/// [`begin`](Self::begin) and [`settle`](Self::settle) return which messages others have taken over, which makes them
/// a **fence**. A worker whose last heartbeat is older than one and a half intervals trusts no lease: it sends a
/// heartbeat before it receives anything, and what it received before, it begins only where `begin` says that it is
/// still its own. So a lease has to last for two intervals at least; the engines here give three or four. After an
/// outage of the engine, in which nobody could send a heartbeat, a worker has to leave the others the time of one lease
/// before it takes anything over.
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
///     async fn settle(&self, settled: &[Settled<Envelope>]) -> Result<Vec<usize>, BoxError> {
///         for Settled { receipt, settlement } in settled {
///             match settlement {
///                 Settlement::Retry { .. } | Settlement::Return => {
///                     self.0.lock().expect("nobody panics").push_back(receipt.clone());
///                 }
///                 Settlement::Done | Settlement::Dead { .. } => {}
///             }
///         }
///         // All of them were this worker's: nobody takes messages over here.
///         Ok(Vec::new())
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
    /// What the engine needs to settle a message.
    type Receipt: Send + Sync + 'static;

    /// Prepares the engine, once, before anything else is called.
    ///
    /// The future is dropped if the worker shuts down before it has begun.
    ///
    /// # Errors
    ///
    /// What makes it pointless to begin; the worker ends with it.
    fn open(&self) -> impl Future<Output = Result<(), BoxError>> + Send {
        async { Ok(()) }
    }

    /// The queues that workers of this source serve, for what a worker logs at start; `None`, the default, for a source
    /// that does not say.
    fn served_queues(&self) -> Option<Vec<String>> {
        None
    }

    /// The queue of messages of a task that names none; `None`, the default, for a source that does not say.
    fn default_queue(&self) -> Option<String> {
        None
    }

    /// Returns when there may be messages: on a notification, or after a while.
    ///
    /// The future may be dropped at any time and the function called again, so it holds no message.
    fn wait(&self) -> impl Future<Output = ()> + Send;

    /// Receives at most `room` messages, in order; none if there are none now.
    ///
    /// The future is not dropped, unless it is still without an answer 5 seconds after the grace of a
    /// worker that shuts down.
    ///
    /// # Errors
    ///
    /// The engine's: the worker logs them and calls again, with backoff.
    fn receive(
        &self,
        room: usize,
    ) -> impl Future<Output = Result<Vec<Message<Self::Receipt>>, BoxError>> + Send;

    /// Tells the engine that the tasks of these messages have begun. If the worker dies, the attempts of
    /// these messages count, and not those of messages that only wait in it.
    ///
    /// Tasks that have been running for 50 milliseconds are reported, many at once, while they run. What may
    /// be the last that the worker does is reported *before* it begins: a message that came
    /// [`interrupted`](Message::interrupted), or that is at its last attempt. The future is dropped if the
    /// worker shuts down.
    ///
    /// Returns the indices of the messages that are no longer this worker's: it drops those that have not begun. After
    /// a late heartbeat, it is called before any message begins that was received earlier.
    ///
    /// # Errors
    ///
    /// The engine's: the worker calls again, with the same messages.
    fn begin(
        &self,
        receipts: &[&Self::Receipt],
    ) -> impl Future<Output = Result<Vec<usize>, BoxError>> + Send {
        let _ = receipts;
        async { Ok(Vec::new()) }
    }

    /// Whether a message may still be this worker's, as far as is known without asking the engine: not where the
    /// connection is lost that it came on. The worker calls it before each task begins, and drops the messages that
    /// are not.
    fn is_held(&self, receipt: &Self::Receipt) -> bool {
        let _ = receipt;
        true
    }

    /// Settles messages: tells the engine what became of them, of many in as few round trips as it allows.
    ///
    /// Returns the indices of the messages that were no longer this worker's. They stay as they are.
    ///
    /// # Errors
    ///
    /// The engine's: the worker calls again for a while, with the same messages.
    fn settle(
        &self,
        settled: &[Settled<Self::Receipt>],
    ) -> impl Future<Output = Result<Vec<usize>, BoxError>> + Send;

    /// Sends a heartbeat, so that the engine leaves the messages to this worker; also while it shuts down.
    /// The future is dropped once everything is settled, or after four intervals.
    ///
    /// # Errors
    ///
    /// The engine's: the worker logs them, and calls again soon. Once the last heartbeat is late, it receives nothing,
    /// and begins nothing that it has received, until one succeeds.
    fn keep_alive(&self) -> impl Future<Output = Result<(), BoxError>> + Send {
        async { Ok(()) }
    }

    /// The interval of heartbeats; `None`, the default, for an engine without.
    fn heartbeat(&self) -> Option<Duration> {
        None
    }

    /// Closes the engine, once, after everything is settled.
    ///
    /// # Errors
    ///
    /// The engine's: the worker logs them.
    fn close(&self) -> impl Future<Output = Result<(), BoxError>> + Send {
        async { Ok(()) }
    }
}

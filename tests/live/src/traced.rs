//! What a worker asks of its engine, and is answered, as lines of a file: see `airlock_protocol::replay`.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use airlock::BoxError;
use airlock::worker::{Message, Settled, Settlement, Source};
use airlock_protocol::replay::{Entry, Seen};

/// A file to which the workers of any process append what they see.
#[derive(Debug)]
pub struct Trace {
    file: File,
    worker: usize,
}

/// Milliseconds by the clock that all processes of a machine have.
///
/// # Panics
///
/// Where that is set before 1970.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    u64::try_from(since.as_millis()).expect("a time")
}

impl Trace {
    /// The file at this path, for the worker of this index.
    ///
    /// # Panics
    ///
    /// Where it can't be written.
    pub fn at(path: impl AsRef<Path>, worker: usize) -> Arc<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path).expect("a file");
        Arc::new(Self { file, worker })
    }

    /// Notes that the task of a message begins.
    pub(crate) fn run(&self, message: usize) {
        let now = now();
        self.append(now, now, Seen::Run { worker: self.worker, message });
    }

    fn answered(&self, from: u64, seen: Seen) {
        self.append(from, now(), seen);
    }

    fn append(&self, from: u64, to: u64, seen: Seen) {
        let line = format!("{}\n", Entry { from, to, seen });
        (&self.file).write_all(line.as_bytes()).expect("a line");
    }
}

/// An engine whose worker notes what it sees.
#[derive(Debug)]
pub struct Traced<E> {
    engine: E,
    trace: Arc<Trace>,
}

impl<E> Traced<E> {
    /// An engine that appends to this trace.
    pub fn new(engine: E, trace: Arc<Trace>) -> Self {
        Self { engine, trace }
    }
}

/// A receipt that knows its message: the order of the message's task.
#[derive(Clone, Debug)]
pub struct TracedReceipt<R> {
    message: usize,
    receipt: R,
}

impl<E: Source<Receipt: Clone + fmt::Debug>> Source for Traced<E> {
    type Receipt = TracedReceipt<E::Receipt>;

    async fn open(&self) -> Result<(), BoxError> {
        let from = now();
        self.engine.open().await?;
        self.trace.answered(from, Seen::Heartbeat { worker: self.trace.worker });
        Ok(())
    }

    async fn wait(&self) {
        self.engine.wait().await;
    }

    async fn receive(&self, room: usize) -> Result<Vec<Message<Self::Receipt>>, BoxError> {
        let from = now();
        let received = self.engine.receive(room).await?;
        let traced = |message: Message<E::Receipt>| {
            // Only this shows what else the engine said of it.
            let shown = format!("{message:?}");
            let is = |what: &str| shown.contains(&format!("{what}: true"));
            let (interrupted, waited) = (is("interrupted"), is("waited"));
            let (receipt, envelope, attempt) = message.into_parts();
            let of = envelope.as_ref().expect("an envelope of these tasks");
            let message = order(of.arguments());
            let seen = Seen::Receive {
                worker: self.trace.worker,
                message,
                attempt: u8::try_from(attempt).expect("few attempts"),
            };
            self.trace.answered(from, seen);
            let receipt = TracedReceipt { message, receipt };
            Message::new(receipt, envelope).attempt(attempt).interrupted(interrupted).waited(waited)
        };
        Ok(received.into_iter().map(traced).collect())
    }

    async fn begin(&self, receipts: &[&Self::Receipt]) -> Result<Vec<usize>, BoxError> {
        let from = now();
        let inner: Vec<_> = receipts.iter().map(|one| &one.receipt).collect();
        let lost = self.engine.begin(&inner).await?;
        for (place, receipt) in receipts.iter().enumerate() {
            let (worker, held) = (self.trace.worker, !lost.contains(&place));
            self.trace.answered(from, Seen::Ask { worker, message: receipt.message, held });
        }
        Ok(lost)
    }

    fn is_held(&self, receipt: &Self::Receipt) -> bool {
        self.engine.is_held(&receipt.receipt)
    }

    async fn settle(&self, settled: &[Settled<Self::Receipt>]) -> Result<Vec<usize>, BoxError> {
        let from = now();
        let inner = settled.iter().map(|Settled { receipt, settlement }| Settled {
            receipt: receipt.receipt.clone(),
            settlement: settlement.clone(),
        });
        let lost = self.engine.settle(&inner.collect::<Vec<_>>()).await?;
        for (place, Settled { receipt, settlement }) in settled.iter().enumerate() {
            let seen = Seen::Settle {
                worker: self.trace.worker,
                message: receipt.message,
                succeeded: *settlement == Settlement::Done,
                held: !lost.contains(&place),
            };
            self.trace.answered(from, seen);
        }
        Ok(lost)
    }

    async fn keep_alive(&self) -> Result<(), BoxError> {
        let from = now();
        self.engine.keep_alive().await?;
        self.trace.answered(from, Seen::Heartbeat { worker: self.trace.worker });
        Ok(())
    }

    fn heartbeat(&self) -> Option<Duration> {
        self.engine.heartbeat()
    }

    async fn close(&self) -> Result<(), BoxError> {
        self.engine.close().await
    }
}

/// The number in `{"order_id":7,…`.
fn order(arguments: &str) -> usize {
    let (_, rest) = arguments.split_once("\"order_id\":").expect("an order");
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

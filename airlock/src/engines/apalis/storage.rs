//! Any storage of apalis, to send to.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::UNIX_EPOCH;

use apalis_core::backend::{BackendConfig, TaskSink, TaskSinkError};
use apalis_core::task::Task;
use apalis_core::task::builder::TaskBuilder;
use apalis_core::task::task_id::TaskId;

use crate::core::executor::{Batch, DispatchError, Executor};
use crate::engines::apalis::ulid::ulid;
use crate::envelope::{self, Envelope};
use crate::worker::engine_error::EngineError;

/// The options that the worker itself enforces: it reads them from the envelope.
const KEPT_BY_WORKER: [&str; 2] = ["expires", "max_attempts"];

/// Sends to a storage of apalis: to any that implements its `TaskSink` and is `Clone`.
///
/// Its jobs are [`Envelope`]s, or what converts from one: a type of your own, say. apalis' own worker
/// runs them, in a handler that calls [`Worker::perform`](crate::worker::Worker::perform).
///
/// The engines that have a type of their own in [this module](crate::apalis) support more: unique keys,
/// queues, workers, dead letters, and on Redis the order.
///
/// # What it guarantees
///
/// A flush is one flush of the storage. If that fails, all intents are handed back; whether some of them
/// were sent all the same depends on the storage. The flush of apalis-sqlite, apalis-postgres and
/// apalis-redis is atomic.
///
/// | option | |
/// | --- | --- |
/// | expires, max attempts | yes, by `Worker::perform` |
/// | delay, at, priority | refused, unless the storage [honours](Self::honouring) them; times are whole seconds |
/// | queue | refused: a storage is one queue. Make one of each, and [`Route`](crate::Route) between them |
/// | unique key | refused: storages don't return which jobs were duplicates |
///
/// # Examples
///
/// ```standalone_crate
/// use airlock::apalis::Storage;
/// use airlock::envelope::Envelope;
/// use airlock::worker::{Settlement, Worker};
/// use apalis_core::backend::dequeue::VecDequeBackend;
/// use apalis_core::error::{AbortError, BoxDynError, WorkerError};
/// use apalis_core::task::attempt::Attempt;
/// use apalis_core::task::data::Data;
/// use apalis_core::worker::builder::WorkerBuilder;
///
/// #[airlock::task]
/// async fn send_mail(order_id: u64) {}
///
/// /// The handler: what it returns tells apalis what became of the task.
/// async fn run(
///     envelope: Envelope,
///     attempt: Attempt,
///     worker: Data<Worker>,
/// ) -> Result<(), BoxDynError> {
///     let attempt = attempt.current().try_into()?;
///     match worker.perform(&envelope, attempt).await {
///         Settlement::Done => Ok(()),
///         Settlement::Dead { reason } => Err(AbortError::new(reason).into()),
///         again => Err(again.to_string().into()),
///     }
/// }
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let backend = VecDequeBackend::<Envelope>::new();
/// let storage = Storage::new(backend.clone());
/// let scope = airlock::scope().executor(storage);
/// scope.run_async(async { send_mail::enqueue(42) }).await??;
///
/// let worker = airlock::worker().build()?;
/// let mails = WorkerBuilder::new("mails").backend(backend).data(worker).build(run);
/// let shutdown = async {
///     tokio::time::sleep(std::time::Duration::from_millis(100)).await;
///     Ok::<_, WorkerError>(())
/// };
/// mails.run_until(shutdown).await?;
/// # Ok(())
/// # }
/// ```
pub struct Storage<B> {
    /// Cloned for each flush: a storage may keep tasks until it is next flushed, and tasks that were handed
    /// back must not be sent with that.
    backend: B,
    honoured: Vec<&'static str>,
}

impl<B> Storage<B> {
    /// Sends to this storage.
    pub fn new(backend: B) -> Self {
        Self { backend, honoured: KEPT_BY_WORKER.to_vec() }
    }

    /// Accepts these options as well, of `delay`, `at` and `priority`: for a storage that supports those fields
    /// of apalis' `Task`. Any other would run a delayed task at once.
    ///
    /// # Panics
    ///
    /// Panics where an option is none of these.
    ///
    /// # Examples
    ///
    /// ```
    /// use airlock::apalis::Storage;
    /// use airlock::envelope::Envelope;
    /// use apalis_core::backend::dequeue::VecDequeBackend;
    ///
    /// let storage = Storage::new(VecDequeBackend::<Envelope>::new()).honouring(["priority"]);
    /// # let _ = storage;
    /// ```
    #[must_use]
    pub fn honouring(mut self, options: impl IntoIterator<Item = &'static str>) -> Self {
        for option in options {
            assert!(
                ["delay", "at", "priority"].contains(&option),
                "a storage of apalis can't honour `{option}`: only `delay`, `at` and `priority`"
            );
            self.honoured.push(option);
        }
        self
    }
}

impl<B> Executor for Storage<B>
where
    B: BackendConfig<Args: From<Envelope> + Send>
        + TaskSink<<B as BackendConfig>::Args, <B as BackendConfig>::Kind>
        + Clone
        + Send
        + Sync
        + Unpin
        + 'static,
{
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        batch.begin();
        let envelopes = envelope::of_batch(batch, "apalis::Storage", &self.honoured)?;
        batch.sending(0..batch.len());
        let sent = send(self.backend.clone(), envelopes.into_iter().map(task)).await;
        sent.map_err(|error| {
            let error = EngineError::new("send to", "the storage of apalis", error.to_string());
            DispatchError::all(error.next_step("check that its server runs, and that it is set up"))
        })
    }
}

/// Hands a storage its tasks, then flushes it once.
async fn send<A, K, B: TaskSink<A, K> + Unpin>(
    mut backend: B,
    tasks: impl Iterator<Item = Task<A>>,
) -> Result<(), TaskSinkError<B::Error>> {
    for task in tasks {
        poll_fn(|cx| TaskSink::poll_ready(Pin::new(&mut backend), cx)).await?;
        TaskSink::start_send(Pin::new(&mut backend), task)?;
    }
    poll_fn(|cx| TaskSink::poll_flush(Pin::new(&mut backend), cx)).await
}

/// The task of apalis that an envelope is, with what apalis knows of its options.
fn task<A: From<Envelope>>(envelope: Envelope) -> Task<A> {
    let (at, priority, attempts) = (envelope.at(), envelope.priority(), envelope.max_attempts());
    // Ids that sort by time keep the order in a storage that orders by them.
    let id = TaskId::from_string(ulid(envelope.id()));
    let mut task = TaskBuilder::new(A::from(envelope)).task_id(id);
    if let Some(since) = at.and_then(|at| at.duration_since(UNIX_EPOCH).ok()) {
        // Rounded up, so that it never runs early.
        task = task.run_at_timestamp(since.as_secs() + u64::from(since.subsec_nanos() > 0));
    }
    if let Some(priority) = priority {
        task = task.priority(priority.into());
    }
    if let Some(attempts) = attempts {
        task = task.max_attempts(attempts as usize);
    }
    task.build()
}

impl<B> fmt::Debug for Storage<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Storage").field("honours", &self.honoured).finish_non_exhaustive()
    }
}

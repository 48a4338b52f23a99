//! Threads that run tasks after the flush has returned.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, PoisonError};

use crate::core::background::tell_failed;
use crate::core::executor::{Batch, DispatchError, Executor};
use crate::core::flush::Flush;
use crate::core::flush::FlushError;
use crate::core::panics::{Panic, shielded};
use crate::core::report::log;
use crate::core::run::Runner;
use crate::core::run::settings::{RunnerSettings, StatesError, settings};
use crate::core::threads::sync::Mutex;
use crate::core::threads::sync::atomic::{AtomicUsize, Ordering};
use crate::core::threads::sync::mpsc::{Receiver, SendError, Sender, channel};
use crate::core::threads::thread::{self, JoinHandle};
use crate::core::wait;

/// Runs tasks on threads of its own, started in the order of enqueue.
///
/// A flush hands its intents over and goes on. A task that fails, later, is told to
/// [`on_error`](ThreadPoolBuilder::on_error), which gets the intent back; without one it is logged.
/// Dropping the pool waits for what it was handed. Where that would block a runtime's only thread, which a task may wait
/// for, it does not wait: the threads go on, and the log says how much is left to them.
///
/// # Examples
///
/// ```standalone_crate
/// use airlock::ThreadPool;
///
/// #[airlock::task]
/// fn render_invoice(order_id: u64) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = std::sync::Arc::new(ThreadPool::builder().threads(2).build()?);
/// airlock::scope().executor(pool.clone()).run(|| render_invoice::enqueue(42))??;
/// # Ok(())
/// # }
/// ```
pub struct ThreadPool {
    runner: Runner,
    jobs: Option<Sender<Flush>>,
    threads: Vec<JoinHandle<()>>,
    /// How many intents were handed over and are not done.
    pending: Arc<AtomicUsize>,
}

type OnError = Arc<dyn Fn(FlushError) + Send + Sync>;

impl ThreadPool {
    /// A pool with other settings than the usual.
    pub fn builder() -> ThreadPoolBuilder {
        ThreadPoolBuilder {
            settings: RunnerSettings::new("ThreadPool"),
            threads: None,
            on_error: Arc::new(|error| crate::core::report::log::failed_elsewhere(&error)),
        }
    }

    fn start(runner: Runner, threads: usize, on_error: &OnError) -> std::io::Result<Self> {
        let (sender, receiver) = channel();
        let receiver = Arc::new(Mutex::new(receiver));
        let pending = Arc::new(AtomicUsize::new(0));
        let threads = (0..threads)
            .map(|index| {
                let (runner, receiver) = (runner.clone(), receiver.clone());
                let pending = pending.clone();
                let on_error = on_error.clone();
                let name = format!("airlock-pool-{index}");
                thread::Builder::new()
                    .name(name)
                    .spawn(move || work(&runner, &receiver, &*on_error, &pending))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { runner, jobs: Some(sender), threads, pending })
    }
}

fn work(
    runner: &Runner,
    jobs: &Mutex<Receiver<Flush>>,
    on_error: &dyn Fn(FlushError),
    pending: &AtomicUsize,
) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        // The channel ends when the pool is dropped, and only once it is empty.
        let Ok(job) = job else { return };
        // An argument may panic when it is dropped. The thread has other jobs to do, and the panic has been printed.
        shielded(|| {
            if let Err(error) = job.run_with(runner) {
                tell_failed(on_error, error);
            }
        });
        pending.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Executor for ThreadPool {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        batch.begin();
        for (index, intent) in batch.iter().enumerate() {
            let options = intent.options().check_immediate(self.runner.executor);
            options.map_err(|error| DispatchError::only(index, error))?;
        }
        let Some(jobs) = &self.jobs else {
            return Err(DispatchError::refused("the thread pool is shutting down"));
        };
        for index in 0..batch.len() {
            let Some(job) = batch.detach(index) else { continue };
            self.pending.fetch_add(1, Ordering::Relaxed);
            if let Err(SendError(job)) = jobs.send(Flush::of(job)) {
                self.pending.fetch_sub(1, Ordering::Relaxed);
                batch.put_back(index, job.into_batch());
                return Err(DispatchError::at(index, "every thread of the pool has ended"));
            }
        }
        Ok(())
    }

    fn blocks(&self) -> bool {
        false
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        self.jobs = None;
        let current = thread::current().id();
        // A task may own the last handle on its pool, and can't wait for itself.
        let threads = self.threads.drain(..).filter(|thread| thread.thread().id() != current);
        let threads: Vec<_> = threads.collect();
        let join =
            || threads.into_iter().for_each(|thread| drop(thread.join().map_err(Panic::from)));
        if wait::block(join).is_err() {
            let pending = self.pending.load(Ordering::Relaxed);
            if pending > 0 {
                log::not_waited_for(pending);
            }
        }
    }
}

impl fmt::Debug for ThreadPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPool").field("threads", &self.threads.len()).finish_non_exhaustive()
    }
}

/// Builds a [`ThreadPool`]; made by [`ThreadPool::builder`].
///
/// # Examples
///
/// ```
/// use std::sync::mpsc;
///
/// use airlock::{ThreadPool, tasks};
///
/// #[airlock::task]
/// fn send_mail(order_id: u64) -> Result<(), &'static str> {
///     if order_id == 1 { Err("mailbox full") } else { Ok(()) }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (failed, failures) = mpsc::channel();
/// let pool = ThreadPool::builder()
///     .threads(1)
///     .serving(tasks![send_mail])
///     .on_error(move |error| drop(failed.send(error.into_intents())))
///     .build()?;
/// airlock::scope().executor(pool).run(|| send_mail::enqueue(1))??;
/// assert!(failures.recv()?[0].is_same(&send_mail::intent(1)));
/// # Ok(())
/// # }
/// ```
#[must_use = "a builder does nothing until `.build()`"]
pub struct ThreadPoolBuilder {
    settings: RunnerSettings,
    threads: Option<usize>,
    on_error: OnError,
}

impl ThreadPoolBuilder {
    /// How many threads; as many as the machine has cores unless told otherwise.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    settings!();

    /// Is told what failed, with the intents to try again.
    pub fn on_error(mut self, tell: impl Fn(FlushError) + Send + Sync + 'static) -> Self {
        self.on_error = Arc::new(tell);
        self
    }

    /// The pool, its threads running.
    ///
    /// # Errors
    ///
    /// [`ThreadPoolError`] where a task asks for a state that was not given, and where a thread
    /// can't be started.
    pub fn build(self) -> Result<ThreadPool, ThreadPoolError> {
        let runner = self.settings.check().map_err(ThreadPoolError::States)?;
        let threads = self
            .threads
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, NonZeroUsize::get));
        ThreadPool::start(runner, threads.max(1), &self.on_error).map_err(ThreadPoolError::Thread)
    }
}

impl fmt::Debug for ThreadPoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPoolBuilder").field("threads", &self.threads).finish_non_exhaustive()
    }
}

/// A pool can't be built.
///
/// # Examples
///
/// ```standalone_crate
/// use airlock::{ThreadPool, ThreadPoolError};
///
/// struct Smtp;
///
/// #[airlock::task(name = "mail.welcome")]
/// fn welcome(#[state] smtp: &Smtp, user_id: u64) {}
///
/// let error = ThreadPool::builder().build().unwrap_err();
/// assert!(matches!(error, ThreadPoolError::States(_)));
/// ```
pub enum ThreadPoolError {
    /// Tasks ask for states that were not given.
    States(StatesError),
    /// A thread can't be started.
    Thread(std::io::Error),
}

impl fmt::Display for ThreadPoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::States(error) => error.fmt(f),
            Self::Thread(error) => write!(f, "a thread of the pool can't be started: {error}"),
        }
    }
}

/// The text of `Display`: what a `main` that returns the error shows.
impl fmt::Debug for ThreadPoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ThreadPoolError {}

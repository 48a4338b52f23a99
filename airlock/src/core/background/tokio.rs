//! Tokio tasks that run after the flush has returned.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

#[cfg(feature = "_detached")]
#[cfg_attr(docsrs, doc(cfg(any(feature = "transaction", feature = "web"))))]
pub use crate::core::background::pending_flushes::wait_for_flushes;

use crate::core::background::tell_failed;
use crate::core::executor::{Batch, DispatchError, Executor};
use crate::core::flush::Flush;
use crate::core::flush::FlushError;
use crate::core::run::Runner;
use crate::core::run::settings::StatesError;
use crate::core::run::settings::{RunnerSettings, settings};
use crate::core::threads::tokio::runtime::Handle;
use crate::core::threads::tokio::sync::watch;

/// Runs tasks on the Tokio runtime, after the flush has returned.
///
/// A flush hands its batch over and goes on: one Tokio task carries it out in order. A task that
/// fails is told to [`on_error`](TasksBuilder::on_error), which gets the intents back; without one
/// it is logged, and so is what a runtime that shuts down leaves undone.
///
/// # Examples
///
/// ```standalone_crate
/// #[airlock::task]
/// async fn send_mail(order_id: u64) {}
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let tasks = airlock::tokio::Tasks::builder().build()?;
/// airlock::scope()
///     .executor(tasks.clone())
///     .run_async(async { send_mail::enqueue(42) })
///     .await??;
/// tasks.finished().await;                         // before the program ends
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Tasks {
    inner: Arc<Inner>,
}

struct Inner {
    runner: Runner,
    runtime: Option<Handle>,
    concurrent: bool,
    on_error: OnError,
    /// How many jobs are running.
    running: watch::Sender<usize>,
}

impl Tasks {
    /// An executor with states, or with other settings than the usual.
    pub fn builder() -> TasksBuilder {
        TasksBuilder {
            settings: RunnerSettings::new("airlock::tokio::Tasks"),
            runtime: None,
            concurrent: false,
            on_error: Box::new(|error| crate::core::report::log::failed_elsewhere(&error)),
        }
    }

    /// Waits until everything that was handed over is done.
    pub async fn finished(&self) {
        let mut running = self.inner.running.subscribe();
        // The sender is in here, so the channel can't have ended.
        let _ = running.wait_for(|running| *running == 0).await;
    }

    /// Hands a job to the runtime.
    ///
    /// # Errors
    ///
    /// The job, where the runtime has shut down and does not take it.
    fn spawn(&self, runtime: &Handle, job: Batch) -> Result<(), Box<Batch>> {
        let waiting = Arc::new(Mutex::new(Some(Flush::of(job))));
        let (tasks, taken) = (self.clone(), waiting.clone());
        let running = Running::start(self.inner.clone());
        let job = runtime.spawn(async move {
            let _running = running;
            let Some(flush) = take(&taken) else { return };
            if let Err(error) = flush.run_with_async(&tasks.inner.runner).await {
                tell_failed(&tasks.inner.on_error, error);
            }
        });
        if job.is_finished()
            && let Some(flush) = take(&waiting)
        {
            return Err(Box::new(flush.into_batch()));
        }
        Ok(())
    }
}

fn take(waiting: &Mutex<Option<Flush>>) -> Option<Flush> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// A job that is counted until it is done, or dropped by its runtime.
struct Running {
    inner: Arc<Inner>,
}

impl Running {
    fn start(inner: Arc<Inner>) -> Self {
        inner.running.send_modify(|running| *running += 1);
        Self { inner }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.inner.running.send_modify(|running| *running -= 1);
    }
}

const SHUT_DOWN: &str = "the Tokio runtime has shut down";

impl Executor for Tasks {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        batch.begin();
        for (index, intent) in batch.iter().enumerate() {
            let options = intent.options().check_immediate(self.inner.runner.executor);
            options.map_err(|error| DispatchError::only(index, error))?;
        }
        let runtime = match &self.inner.runtime {
            Some(runtime) => runtime.clone(),
            None => Handle::try_current().map_err(|_| {
                DispatchError::refused(
                    "there is no Tokio runtime here: flush inside one, or name it with \
                     `Tasks::builder().runtime(handle)`",
                )
            })?,
        };
        if self.inner.concurrent {
            for index in 0..batch.len() {
                if let Some(job) = batch.detach(index)
                    && let Err(job) = self.spawn(&runtime, job)
                {
                    batch.put_back(index, *job);
                    return Err(DispatchError::at(index, SHUT_DOWN));
                }
            }
        } else {
            let job = batch.detach_all();
            if let Err(job) = self.spawn(&runtime, job) {
                batch.put_back(0, *job);
                return Err(DispatchError::refused(SHUT_DOWN));
            }
        }
        Ok(())
    }

    fn blocks(&self) -> bool {
        false
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tasks").field("concurrent", &self.inner.concurrent).finish_non_exhaustive()
    }
}

/// Builds [`Tasks`]; made by [`Tasks::builder`].
///
/// # Examples
///
/// ```
/// use airlock::tasks;
///
/// #[airlock::task]
/// async fn send_mail(order_id: u64) -> Result<(), &'static str> {
///     Err("mailbox full")
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (failed, failures) = std::sync::mpsc::channel();
/// let tasks = airlock::tokio::Tasks::builder()
///     .concurrent()
///     .serving(tasks![send_mail])
///     .on_error(move |error| drop(failed.send(error.into_intents())))
///     .build()?;
/// airlock::scope()
///     .executor(tasks.clone())
///     .run_async(async { (1..=2).try_for_each(|id| send_mail::enqueue(id)) })
///     .await??;
/// tasks.finished().await;
/// assert_eq!(failures.try_iter().count(), 2);
/// # Ok(())
/// # }
/// ```
#[must_use = "a builder does nothing until `.build()`"]
pub struct TasksBuilder {
    settings: RunnerSettings,
    runtime: Option<Handle>,
    concurrent: bool,
    on_error: OnError,
}

type OnError = Box<dyn Fn(FlushError) + Send + Sync>;

impl TasksBuilder {
    /// Runs on this runtime; on the one around the flush unless told otherwise.
    pub fn runtime(mut self, runtime: Handle) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Runs each intent in a Tokio task of its own: they start in order and may end in any.
    pub fn concurrent(mut self) -> Self {
        self.concurrent = true;
        self
    }

    settings!();

    /// Is told what failed, with the intents to try again.
    pub fn on_error(mut self, tell: impl Fn(FlushError) + Send + Sync + 'static) -> Self {
        self.on_error = Box::new(tell);
        self
    }

    /// The executor.
    ///
    /// # Errors
    ///
    /// [`StatesError`] where a task asks for a state that was not given.
    pub fn build(self) -> Result<Tasks, StatesError> {
        let Self { settings, runtime, concurrent, on_error } = self;
        let running = watch::channel(0).0;
        let inner = Inner { runner: settings.check()?, runtime, concurrent, on_error, running };
        Ok(Tasks { inner: Arc::new(inner) })
    }
}

impl fmt::Debug for TasksBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TasksBuilder").finish_non_exhaustive()
    }
}

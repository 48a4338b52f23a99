//! Tokio: tasks that run apart from whoever flushed, and flushes that don't block the runtime.

use std::fmt;
use std::panic::catch_unwind;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::JoinHandle;

use crate::StatesError;
use crate::executor::blocking::{Presence, Runtime};
use crate::executor::run::Runner;
use crate::executor::settings::{Settings, settings};
use crate::executor::{Batch, DispatchError, Executor};
use crate::scope::FlushError;
use crate::scope::flush::Flush;

inventory::submit! {
    Runtime { presence, block_on }
}

fn presence() -> Presence {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Err(_) => Presence::Absent,
        Ok(RuntimeFlavor::CurrentThread) => Presence::MustNotBlock,
        // The runtime moves its other work to another thread meanwhile. In a `LocalSet` it can't,
        // and nothing but the attempt tells.
        Ok(_) => match catch_unwind(|| tokio::task::block_in_place(|| ())) {
            Ok(()) => Presence::MayBlock,
            Err(_) => Presence::MustNotBlock,
        },
    }
}

fn block_on(future: Pin<&mut dyn Future<Output = ()>>) {
    tokio::task::block_in_place(|| Handle::current().block_on(future));
}

/// Runs tasks on the Tokio runtime, apart from whoever flushed.
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
    running: Mutex<Vec<JoinHandle<()>>>,
}

impl Tasks {
    /// An executor with states, or with other settings than the usual.
    pub fn builder() -> TasksBuilder {
        TasksBuilder {
            settings: Settings::new("airlock::tokio::Tasks"),
            runtime: None,
            concurrent: false,
            on_error: Box::new(|error| crate::events::failed_elsewhere(&error)),
        }
    }

    /// Waits until everything that was handed over is done.
    pub async fn finished(&self) {
        while let Some(running) = self.inner.next_running() {
            // A panic can't be in there: a task's is its failure.
            let _ = running.await;
        }
    }

    fn spawn(&self, runtime: &Handle, job: Batch) {
        let tasks = self.clone();
        let flush = Flush::of(job);
        let job = async move {
            if let Err(error) = flush.run_with_async(&tasks.inner.runner).await {
                (tasks.inner.on_error)(error);
            }
        };
        let mut running = self.inner.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|job| !job.is_finished());
        running.push(runtime.spawn(job));
    }
}

impl Inner {
    fn next_running(&self) -> Option<JoinHandle<()>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

impl Executor for Tasks {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
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
                if let Some(job) = batch.detach(index) {
                    self.spawn(&runtime, job);
                }
            }
        } else {
            self.spawn(&runtime, batch.detach_all());
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
#[must_use = "a builder does nothing until `.build()`"]
pub struct TasksBuilder {
    settings: Settings,
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
        let running = Mutex::new(Vec::new());
        let inner = Inner { runner: settings.check()?, runtime, concurrent, on_error, running };
        Ok(Tasks { inner: Arc::new(inner) })
    }
}

impl fmt::Debug for TasksBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TasksBuilder").finish_non_exhaustive()
    }
}

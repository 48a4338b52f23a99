//! Workers: what receives messages from an engine and runs their tasks.
//!
//! A [`Worker`] finds a message's task in the registry, reads its arguments, supplies its states and
//! runs it in a scope of its own: what the task enqueues leaves if the task succeeds. What fails is tried
//! again with **exponential backoff**; what is given up, the engine keeps as a [`DeadLetter`].
//!
//! A task runs **at least once**: if a worker is killed in the middle of one, another worker receives the
//! message. So make tasks **idempotent**: a second run must do no harm.
//!
//! An engine's handle is an [`Executor`](crate::Executor) to flush to. Unless the table says "to send to", it is also
//! the [`Source`] of a worker, and the store of its dead letters:
//!
//! | engine | is | feature |
//! | --- | --- | --- |
//! | `apalis::Sqlite` | a file, no server | `apalis-sqlite` |
//! | `apalis::Postgres` | tables beside yours | `apalis-postgres` |
//! | `apalis::Redis` | queues in Redis | `apalis-redis` |
//! | `apalis::Storage` | any storage of apalis, to send to | `apalis` |
//! | `graphile::Graphile` | Graphile Worker's tables in PostgreSQL | `graphile` |
//! | `celery::RabbitMq`, `celery::Redis` | Celery's messages, for Python's workers and from Python's code | `celery-rabbitmq`, `celery-redis` |
//! | `dramatiq::RabbitMq`, `dramatiq::Redis` | Dramatiq's messages, to send to | `dramatiq-rabbitmq`, `dramatiq-redis` |
//!
//! An engine rejects an intent's [`Options`](crate::Options) that it does not support. A flush to PostgreSQL or
//! SQLite is all or nothing. `docs/engines.md` compares the engines; `docs/workers.md` is about running workers in
//! production.

mod accept;
mod attempt;
mod builder;
mod dead_letter;
#[cfg(feature = "_lease")]
pub(crate) mod duration_limits;
pub(crate) mod engine_error;
mod error;
#[cfg(feature = "_lease")]
mod heartbeat;
pub(crate) mod log;
mod message;
mod perform;
#[cfg(feature = "_received-ids")]
mod received_ids;
mod run;
mod served;
mod settlement;
mod source;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::core::backoff::Backoff;
use crate::core::policy::{BlockTasks, Policy, StaysHere};
use crate::core::registry::Registry;
use crate::core::registry::task_set::TaskSet;
use crate::core::run::inline::Inline;
use crate::core::scope::{Scope, scope};
use crate::core::stack::in_force;
use crate::core::task::TaskInfo;
use crate::core::task::states::States;
use crate::worker::served::Counters;

pub use builder::{WorkerBuilder, worker};
pub use dead_letter::{DeadLetter, DeadLetters};
pub use error::WorkerError;
#[cfg(feature = "_lease")]
pub(crate) use heartbeat::within_heartbeat;
pub use message::Message;
use message::MessageName;
#[cfg(feature = "_received-ids")]
pub(crate) use received_ids::ReceivedIds;
pub use served::Served;
pub use settlement::{Settled, Settlement};
pub use source::Source;

/// Runs the tasks that an engine's messages name; made by [`worker()`].
///
/// Cloning is cheap: clones count together.
#[derive(Clone)]
pub struct Worker {
    inner: Arc<Inner>,
}

struct Inner {
    registry: &'static Registry,
    states: States,
    serving: Option<TaskSet>,
    scope_settings: Vec<ScopeSetting>,
    /// Executes what tasks enqueue if no other executor is set.
    here: Option<Arc<Inline>>,
    reentry: bool,
    concurrency: usize,
    prefetch: usize,
    timeout: Option<Duration>,
    timeouts: Vec<(TaskSet, Duration)>,
    max_attempts: u32,
    backoff: Backoff,
    grace: Duration,
    unknown_for: Duration,
    counters: Counters,
}

/// A setting of the scope that each task runs in.
type ScopeSetting = Box<dyn Fn(Scope) -> Scope + Send + Sync>;

impl Worker {
    /// What has become of the messages so far.
    pub fn served(&self) -> Served {
        self.inner.counters.now()
    }
}

impl Inner {
    /// The scope that a task runs in, under the policies that came with its message.
    fn scope(&self, task: &'static TaskInfo, policies: Vec<Box<dyn Policy>>) -> Scope {
        let scope = scope().boundary().named(task.name());
        let mut scope = self.scope_settings.iter().fold(scope, |scope, setting| setting(scope));
        if let Some(here) = &self.here
            && in_force::executor().is_none()
        {
            scope = scope.executor(here.clone());
        }
        if !policies.is_empty() {
            scope = scope.policy(policies);
        }
        if self.reentry {
            return scope;
        }
        // It is about this task's own run: what that enqueues may enqueue the task.
        scope.policy(StaysHere(BlockTasks::new([task].into_iter().collect())))
    }

    /// How long an attempt of the task may take.
    fn timeout(&self, task: &'static TaskInfo) -> Option<Duration> {
        let own = self.timeouts.iter().rev().find(|(tasks, _)| tasks.contains(task));
        own.map(|(_, timeout)| *timeout).or(self.timeout)
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("states", &self.inner.states)
            .field("served", &self.served())
            .finish_non_exhaustive()
    }
}

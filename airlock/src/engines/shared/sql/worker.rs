//! A worker that takes jobs from tables: which queues it serves, and as whom.

use std::time::Duration;

use crate::core::task::called::BoxError;
use crate::engines::shared::per_worker::PerWorker;
use crate::engines::shared::worker_name::WorkerName;
use crate::worker::{log, within_heartbeat};

/// The settings of a handle that serves queues in tables, and its worker's identity.
#[derive(Clone)]
pub(crate) struct SqlWorker {
    /// The queue of intents that name none.
    pub(crate) queue: String,
    /// The queues to serve, where they are others.
    pub(crate) served: Vec<String>,
    pub(crate) lost_after: Duration,
    pub(crate) poll: Duration,
    name: PerWorker<WorkerName>,
}

impl SqlWorker {
    pub(crate) fn new(poll: Duration) -> Self {
        Self {
            queue: "default".to_owned(),
            served: Vec::new(),
            lost_after: Duration::from_secs(30),
            poll,
            name: PerWorker::default(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.name.as_str()
    }

    /// The queues to serve.
    pub(crate) fn queues(&self) -> &[String] {
        if self.served.is_empty() { std::slice::from_ref(&self.queue) } else { &self.served }
    }

    /// How often a worker sends a heartbeat; what else it does meanwhile takes no longer.
    pub(crate) fn heartbeat(&self) -> Duration {
        self.lost_after / 3
    }

    /// How long there may be no heartbeat of any worker before that means an outage, in seconds.
    #[cfg(feature = "_apalis-sql")]
    pub(crate) fn longest_silence(&self) -> f64 {
        self.lost_after.as_secs_f64() / 2.0
    }

    /// Looks after what workers hold, between two heartbeats. Where that fails, the worker lives all the same.
    pub(crate) async fn look_after(&self, looked: impl Future<Output = Result<(), BoxError>>) {
        if let Err(error) = self.within_heartbeat(looked).await {
            log::engine_trouble("look after messages", &error);
        }
    }

    /// Bounds what must not hold up the next heartbeat.
    pub(crate) async fn within_heartbeat<T>(
        &self,
        answer: impl Future<Output = Result<T, BoxError>>,
    ) -> Result<T, BoxError> {
        within_heartbeat(self.heartbeat(), answer).await
    }
}

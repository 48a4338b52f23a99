//! Which queues a handle serves, and as whom.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::select;
use tokio::sync::{Mutex, watch};
use tokio::time::sleep;
use uuid::Uuid;

use crate::core::task::called::BoxError;
use crate::engines::apalis::sql::SqlReceipt;
use crate::worker::engine_error::EngineError;
use crate::worker::{LastHeartbeat, Message};

/// The settings of a handle that both engines have.
///
/// A clone is another worker: what one leaves behind is not kept alive by the other.
pub(in crate::engines::apalis) struct Serving {
    pub(in crate::engines::apalis) queue: String,
    pub(in crate::engines::apalis) served: Vec<String>,
    pub(in crate::engines::apalis) lost_after: Duration,
    pub(in crate::engines::apalis) poll: Duration,
    pub(in crate::engines::apalis) last_heartbeat: LastHeartbeat,
    worker: Uuid,
    turn: AtomicUsize,
    news: watch::Sender<()>,
    seen: Mutex<watch::Receiver<()>>,
}

impl Serving {
    pub(in crate::engines::apalis) fn new(poll: Duration) -> Self {
        let (news, seen) = watch::channel(());
        Self {
            queue: "default".to_owned(),
            served: Vec::new(),
            lost_after: Duration::from_secs(30),
            poll,
            last_heartbeat: LastHeartbeat::default(),
            worker: Uuid::now_v7(),
            turn: AtomicUsize::new(0),
            news,
            seen: Mutex::new(seen),
        }
    }

    /// The queues to take from.
    pub(in crate::engines::apalis) fn queues(&self) -> &[String] {
        if self.served.is_empty() { std::slice::from_ref(&self.queue) } else { &self.served }
    }

    /// Takes messages of the queues, each time beginning with another, so that none waits for ever.
    /// `take` is given the index of a queue and how many messages there is room for.
    pub(in crate::engines::apalis) async fn receive<F>(
        &self,
        room: usize,
        take: impl Fn(usize, usize) -> F + Send,
    ) -> Result<Vec<Message<SqlReceipt>>, BoxError>
    where
        F: Future<Output = Result<Vec<Message<SqlReceipt>>, EngineError>> + Send,
    {
        let queues = self.queues().len();
        let first = self.turn.fetch_add(1, Ordering::Relaxed) % queues;
        let mut messages = Vec::new();
        for next in 0..queues {
            match take((first + next) % queues, room - messages.len()).await {
                Ok(more) => messages.extend(more),
                Err(error) if messages.is_empty() => return Err(error.into()),
                // What was taken before is this worker's already.
                Err(_) => break,
            }
            if messages.len() >= room {
                break;
            }
        }
        Ok(messages)
    }

    /// The name of this worker in apalis' table. It has a row for each queue, because apalis looks
    /// for what a lost worker held by queue.
    pub(in crate::engines::apalis) fn worker(&self, queue: &str) -> String {
        format!("airlock-{}:{queue}", self.worker)
    }

    /// After how many seconds without a sign of life a worker is lost.
    pub(in crate::engines::apalis) fn lost_after(&self) -> u32 {
        u32::try_from(self.lost_after.as_secs()).unwrap_or(u32::MAX)
    }

    pub(in crate::engines::apalis) fn heartbeat(&self) -> Duration {
        self.lost_after / 3
    }

    /// Wakes the workers of this handle and its clones.
    pub(in crate::engines::apalis) fn tell(&self) {
        self.news.send_replace(());
    }

    /// Who wakes them from elsewhere.
    #[cfg(feature = "apalis-postgres")]
    pub(in crate::engines::apalis) fn news(&self) -> watch::Sender<()> {
        self.news.clone()
    }

    /// Returns when there is news, or when `due` says that a job is due, which is asked at
    /// intervals: nobody tells of a delayed job when its time has come, nor of one from another
    /// process where the engine doesn't.
    pub(in crate::engines::apalis) async fn wait<F: Future<Output = bool>>(
        &self,
        due: impl Fn() -> F,
    ) {
        let mut seen = self.seen.lock().await;
        loop {
            select! {
                biased;
                _ = seen.changed() => return,
                () = sleep(self.poll) => if due().await { return },
            }
        }
    }
}

impl Clone for Serving {
    fn clone(&self) -> Self {
        Self {
            queue: self.queue.clone(),
            served: self.served.clone(),
            lost_after: self.lost_after,
            poll: self.poll,
            last_heartbeat: LastHeartbeat::default(),
            worker: Uuid::now_v7(),
            turn: AtomicUsize::new(0),
            news: self.news.clone(),
            seen: Mutex::new(self.news.subscribe()),
        }
    }
}

/// The builder's methods of a handle with a field `serving`.
macro_rules! serving {
    ($poll:literal) => {
        /// Names the queue of intents that name none, which is also the one that workers of this
        /// handle serve; `default` unless told otherwise.
        #[must_use]
        pub fn queue(mut self, queue: impl Into<String>) -> Self {
            self.serving.queue = queue.into();
            self
        }

        /// Names the queues that workers of this handle serve, in turn.
        #[must_use]
        pub fn queues<Q: Into<String>>(mut self, queues: impl IntoIterator<Item = Q>) -> Self {
            self.serving.served = queues.into_iter().map(Into::into).collect();
            self
        }

        /// After what time without a sign of life a worker counts as lost, and others take over what
        /// it held; 30 seconds unless told otherwise, in whole seconds, at least 3 and at most a year.
        ///
        /// Workers give three signs in that time. One that is cut off from the database for longer is
        /// lost as well: its tasks run twice, once here and once where they were taken over.
        #[must_use]
        pub fn lost_after(mut self, time: std::time::Duration) -> Self {
            const LEAST: std::time::Duration = std::time::Duration::from_secs(3);
            self.serving.lost_after = crate::worker::duration_limits::lost_after(time, LEAST);
            self
        }

        #[doc = concat!("How often a worker without work looks for jobs that nobody told it of; every ", $poll)]
        /// unless told otherwise, at least every day and at most every millisecond.
        #[must_use]
        pub fn poll(mut self, interval: std::time::Duration) -> Self {
            self.serving.poll = crate::worker::duration_limits::poll_interval(interval);
            self
        }
    };
}

pub(in crate::engines::apalis) use serving;

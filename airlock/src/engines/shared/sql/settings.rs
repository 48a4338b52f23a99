//! The settings that the handles of all engines in databases have.

/// The builder's methods of a handle with a field `worker`, which is a [`SqlWorker`](super::SqlWorker).
macro_rules! worker_settings {
    (queues: $served:literal, lost_after: $seconds:literal $bounds:literal, poll: $poll:literal) => {
        /// Names the queue of intents that name none, which workers of this handle serve as well; `default`
        /// unless told otherwise.
        ///
        /// # Panics
        ///
        /// Where the name is empty.
        #[must_use]
        #[track_caller]
        pub fn queue(mut self, queue: impl Into<String>) -> Self {
            self.worker.queue = $crate::core::task::queue_name::owned_queue_name(queue);
            self
        }

        #[doc = concat!("Names the queues that workers of this handle serve, ", $served)]
        ///
        /// # Panics
        ///
        /// Where a name is empty.
        #[must_use]
        #[track_caller]
        pub fn queues<Q: Into<String>>(mut self, queues: impl IntoIterator<Item = Q>) -> Self {
            self.worker.served = $crate::core::task::queue_name::owned_queue_names(queues);
            self
        }

        /// After what time without a heartbeat a worker counts as lost, and others take over its messages; 30
        #[doc = concat!("seconds unless told otherwise, ", $bounds, " and at most a year.")]
        ///
        /// A worker sends three heartbeats in that time, and looks for lost workers as often. A worker that is
        /// cut off from the database for longer is lost as well: its tasks run twice, there and where they were
        /// taken over.
        #[must_use]
        pub fn lost_after(mut self, time: std::time::Duration) -> Self {
            const LEAST: std::time::Duration = std::time::Duration::from_secs($seconds);
            self.worker.lost_after = crate::worker::duration_limits::lost_after(time, LEAST);
            self
        }

        #[doc = concat!(
            "How often an idle worker polls for jobs without a notification, such as delayed ones; every ", $poll
        )]
        /// unless told otherwise, at least every day and at most every millisecond.
        #[must_use]
        pub fn poll(mut self, interval: std::time::Duration) -> Self {
            self.worker.poll = crate::worker::duration_limits::poll_interval(interval);
            self
        }
    };
}

pub(crate) use worker_settings;

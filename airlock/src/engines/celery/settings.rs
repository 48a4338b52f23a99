//! The settings that both handles have.

/// The builder's methods of a handle with the fields `queue`, `serves` and `positional`.
macro_rules! settings {
    () => {
        /// Names the queue of intents that name none, which workers of this handle serve as well; `celery`
        /// unless told otherwise.
        ///
        /// # Panics
        ///
        /// Where the name is empty.
        #[must_use]
        #[track_caller]
        pub fn queue(mut self, queue: impl Into<String>) -> Self {
            self.queue = $crate::core::task::queue_name::owned_queue_name(queue);
            self.serves = vec![self.queue.clone()];
            self
        }

        /// Names the queues that workers of this handle serve, where they are others.
        ///
        /// # Panics
        ///
        /// Where a name is empty.
        #[must_use]
        #[track_caller]
        pub fn queues<Q: Into<String>>(mut self, queues: impl IntoIterator<Item = Q>) -> Self {
            self.serves = $crate::core::task::queue_name::owned_queue_names(queues);
            self
        }

        /// Sends positional arguments, for Python functions whose parameters have other names.
        #[must_use]
        pub fn positional(mut self) -> Self {
            self.positional = true;
            self
        }
    };
}

pub(super) use settings;

//! Giving a batch to an executor of any type.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use crate::core::executor::{Batch, DispatchError, Executor};
use crate::core::panics::{Contained, Panic};

/// An [`Executor`] whose type is forgotten.
pub(crate) trait DynExecutor: Send + Sync {
    fn dyn_dispatch<'a>(
        &'a self,
        batch: &'a mut Batch,
    ) -> Pin<Box<dyn Future<Output = Result<(), DispatchError>> + Send + 'a>>;

    fn dyn_blocks(&self) -> bool;

    /// The name of its type, for what a layer says at start.
    #[cfg(feature = "_framework")]
    fn type_name(&self) -> &'static str {
        std::any::type_name::<Self>()
    }
}

impl<E: Executor> DynExecutor for E {
    fn dyn_dispatch<'a>(
        &'a self,
        batch: &'a mut Batch,
    ) -> Pin<Box<dyn Future<Output = Result<(), DispatchError>> + Send + 'a>> {
        Box::pin(self.dispatch(batch))
    }

    fn dyn_blocks(&self) -> bool {
        self.blocks()
    }
}

impl<E: Executor> Executor for Arc<E> {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        (**self).dispatch(batch).await
    }

    fn blocks(&self) -> bool {
        (**self).blocks()
    }
}

/// Dispatches a batch and enters into its ledger what became of it; says whether all of it is sent. A panic is an
/// error, and the intents are still there to be handed back.
pub(crate) async fn dispatch(executor: &dyn DynExecutor, batch: &mut Batch) -> bool {
    // Asked for inside as well: it may panic before it is a future.
    let dispatched = async { executor.dyn_dispatch(batch).await };
    match Contained::new(Box::pin(dispatched)).await {
        Ok(answer) => batch.close(answer),
        Err(panic) => close_panicked(batch, &panic),
    }
}

/// What the executor has said of its progress holds, and the rest has failed.
fn close_panicked(batch: &mut Batch, panic: &Panic) -> bool {
    // A closure has noted at which intent it was, and nothing more was attempted.
    let noted = batch.ledger.last_failure().is_some_and(|error| error.is::<ExecutorPanicked>());
    if noted {
        let stopped = batch.stop();
        return batch.close(Err(stopped));
    }
    batch.close_panicked(ExecutorPanicked::new(panic).into())
}

/// Why nothing is known of an intent: the executor panicked before it said anything of it, or in a closure that was
/// called with it.
#[derive(Debug)]
pub(super) struct ExecutorPanicked {
    message: String,
}

impl ExecutorPanicked {
    pub(super) fn new(panic: &Panic) -> Self {
        Self { message: panic.message() }
    }
}

impl fmt::Display for ExecutorPanicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the executor panicked: {}", self.message)
    }
}

impl std::error::Error for ExecutorPanicked {}

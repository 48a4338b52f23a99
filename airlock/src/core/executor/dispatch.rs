//! Giving a batch to an executor of any type.

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use crate::core::executor::{Batch, DispatchError, Executor};
use crate::core::panics::{Contained, panic_message};

/// An [`Executor`] whose type is forgotten.
pub(crate) trait DynExecutor: Send + Sync {
    fn dyn_dispatch<'a>(
        &'a self,
        batch: &'a mut Batch,
    ) -> Pin<Box<dyn Future<Output = Result<(), DispatchError>> + Send + 'a>>;

    fn dyn_blocks(&self) -> bool;
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
    let answer = match Contained(Box::pin(dispatched)).await {
        Ok(answer) => answer,
        Err(panic) => Err(panicked(batch, &*panic)),
    };
    batch.close(answer)
}

fn panicked(batch: &mut Batch, panic: &(dyn Any + Send)) -> DispatchError {
    // A closure has noted at which intent it was, and those before it are known to have left.
    let noted = batch.ledger.last_failure().is_some_and(|error| error.is::<ExecutorPanicked>());
    if noted { batch.stop() } else { DispatchError::all(ExecutorPanicked::new(panic)) }
}

/// Why nothing is known of a batch, or of an intent that a closure was called with.
#[derive(Debug)]
pub(super) struct ExecutorPanicked {
    message: String,
}

impl ExecutorPanicked {
    pub(super) fn new(panic: &(dyn Any + Send)) -> Self {
        Self { message: panic_message(panic) }
    }
}

impl fmt::Display for ExecutorPanicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the executor panicked: {}", self.message)
    }
}

impl std::error::Error for ExecutorPanicked {}

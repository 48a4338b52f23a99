//! Handing a batch to its executor, whole or in chunks.

use std::sync::Arc;

use crate::core::executor::batch::Batch;
use crate::core::executor::{DispatchError, DynExecutor, dispatch};
use crate::core::flush::chunks::Chunks;
use crate::core::flush::outgoing::Outgoing;
use crate::core::flush::undone::Undone;
use crate::core::run::inline::Inline;
use crate::core::stack::in_force;
use crate::core::wait;

impl Outgoing {
    /// The scope's own executor, else that of the scopes around, else the configured one.
    pub(super) fn executor(&self) -> Option<Arc<dyn DynExecutor>> {
        let own = self.settings.as_ref().and_then(|settings| settings.executor.clone());
        own.or_else(in_force::executor)
    }

    pub(super) fn dispatch(&mut self) -> Result<(), Undone> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let executor = self.executor();
        let Some(size) = self.chunk_size() else {
            let result = dispatch_now(executor.as_deref(), &mut self.batch);
            return self.whole(result);
        };
        let chunks = self.chunks.insert(Box::new(Chunks::of(&mut self.batch, size)));
        while let Some(chunk) = chunks.next(&self.batch) {
            let result = dispatch_now(executor.as_deref(), chunk);
            chunks.end(&mut self.batch, result);
        }
        self.join_chunks()
    }

    pub(super) async fn dispatch_async(&mut self) -> Result<(), Undone> {
        if self.batch.is_empty() {
            return Ok(());
        }
        self.batch.awaited = true;
        let executor = self.executor();
        let Some(size) = self.chunk_size() else {
            let result = dispatch_awaited(executor.as_deref(), &mut self.batch).await;
            return self.whole(result);
        };
        let chunks = self.chunks.insert(Box::new(Chunks::of(&mut self.batch, size)));
        while let Some(chunk) = chunks.next(&self.batch) {
            let result = dispatch_awaited(executor.as_deref(), chunk).await;
            chunks.end(&mut self.batch, result);
        }
        self.join_chunks()
    }

    /// How many intents a chunk has, where there are more than that.
    fn chunk_size(&self) -> Option<usize> {
        let size = self.settings.as_ref()?.chunks?;
        (self.batch.len() > size).then_some(size)
    }

    fn join_chunks(&mut self) -> Result<(), Undone> {
        self.chunks.take().map_or(Ok(()), |chunks| chunks.join(&mut self.batch))
    }
}

/// Dispatches from sync code; by running the tasks here where there is no executor.
fn dispatch_now(
    executor: Option<&dyn DynExecutor>,
    batch: &mut Batch,
) -> Result<(), DispatchError> {
    let Some(executor) = executor else { return Inline::default_ref().run_now(batch) };
    let wait = if executor.dyn_blocks() {
        Some(wait::check().map_err(DispatchError::refused)?)
    } else {
        None
    };
    batch.awaited = false;
    wait::wait(wait, dispatch(executor, batch))
}

/// The same from async code.
async fn dispatch_awaited(
    executor: Option<&dyn DynExecutor>,
    batch: &mut Batch,
) -> Result<(), DispatchError> {
    match executor {
        None => Inline::default_ref().run_awaited(batch).await,
        Some(executor) => dispatch(executor, batch).await,
    }
}

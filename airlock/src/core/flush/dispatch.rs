//! Handing a batch to its executor, whole or in chunks.

use std::sync::Arc;

use crate::core::executor::batch::Batch;
use crate::core::executor::parts::dispatch_past_best_effort;
use crate::core::executor::{DispatchError, DynExecutor};
use crate::core::flush::chunks::Chunks;
use crate::core::flush::outgoing::Outgoing;
use crate::core::run::inline::Inline;
use crate::core::stack::in_force;
use crate::core::wait;

impl Outgoing {
    /// The scope's own executor, else that of the scopes around, else the configured one.
    pub(super) fn executor(&self) -> Option<Arc<dyn DynExecutor>> {
        let own = self.settings.as_ref().and_then(|settings| settings.executor.clone());
        own.or_else(in_force::executor)
    }

    pub(super) fn dispatch(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        let executor = self.executor();
        let Some(size) = self.chunk_size() else {
            return dispatch_now(executor.as_deref(), &mut self.batch);
        };
        let chunks = self.chunks.insert(Box::new(Chunks::of(&mut self.batch, size)));
        while let Some(chunk) = chunks.next(&self.batch) {
            dispatch_now(executor.as_deref(), chunk);
            chunks.end(&mut self.batch);
        }
        self.join_chunks();
    }

    pub(super) async fn dispatch_async(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        self.batch.is_async = true;
        let executor = self.executor();
        let Some(size) = self.chunk_size() else {
            return dispatch_async(executor.as_deref(), &mut self.batch).await;
        };
        let chunks = self.chunks.insert(Box::new(Chunks::of(&mut self.batch, size)));
        while let Some(chunk) = chunks.next(&self.batch) {
            dispatch_async(executor.as_deref(), chunk).await;
            chunks.end(&mut self.batch);
        }
        self.join_chunks();
    }

    /// How many intents a chunk has, where there are more than that.
    fn chunk_size(&self) -> Option<usize> {
        let size = self.settings.as_ref()?.chunks?;
        (self.batch.len() > size).then_some(size)
    }

    fn join_chunks(&mut self) {
        if let Some(chunks) = self.chunks.take() {
            chunks.join(&mut self.batch);
        }
    }
}

/// Dispatches from sync code; by running the tasks here where there is no executor.
fn dispatch_now(executor: Option<&dyn DynExecutor>, batch: &mut Batch) {
    let Some(executor) = executor else {
        let answer = Inline::default_ref().run_now(batch);
        batch.close(answer);
        return;
    };
    let wait = match executor.dyn_blocks().then(wait::check).transpose() {
        Ok(wait) => wait,
        Err(would_block) => {
            batch.close(Err(DispatchError::refused(would_block)));
            return;
        }
    };
    batch.is_async = false;
    wait::wait(wait, dispatch_past_best_effort(executor, batch));
}

/// The same from async code.
async fn dispatch_async(executor: Option<&dyn DynExecutor>, batch: &mut Batch) {
    match executor {
        None => {
            let answer = Inline::default_ref().run_async(batch).await;
            batch.close(answer);
        }
        Some(executor) => {
            dispatch_past_best_effort(executor, batch).await;
        }
    }
}

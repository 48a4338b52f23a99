//! What ran in this process, counted by task.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use airlock::{Batch, DispatchError, Executor};
use comfy_table::{CellAlignment, Table, presets};

/// Counts runs; clones count together.
#[derive(Clone, Default)]
pub(crate) struct Tally {
    counts: Arc<Mutex<Counts>>,
}

#[derive(Default)]
struct Counts {
    runs: BTreeMap<&'static str, Runs>,
    met: BTreeSet<u64>,
    enqueued: u64,
}

#[derive(Default)]
struct Runs {
    succeeded: u64,
    failed: u64,
}

impl Tally {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one run of a task.
    pub(crate) fn ran(
        &self,
        task: &'static str,
        run: impl FnOnce() -> Result<(), String>,
    ) -> Result<(), String> {
        let result = run();
        let mut counts = self.counts();
        let runs = counts.runs.entry(task).or_default();
        match &result {
            Ok(()) => runs.succeeded += 1,
            Err(_) => runs.failed += 1,
        }
        result
    }

    /// Whether this process meets the order for the first time.
    pub(crate) fn first_time(&self, order_id: u64) -> bool {
        self.counts().met.insert(order_id)
    }

    /// How many jobs this process has put into the queue.
    pub(crate) fn enqueued(&self) -> u64 {
        self.counts().enqueued
    }
}

/// A queue that counts what is put into it.
pub(crate) struct Counted<Q> {
    pub(crate) queue: Q,
    pub(crate) tally: Tally,
}

impl<Q: Executor> Executor for Counted<Q> {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        self.queue.dispatch(batch).await?;
        self.tally.counts().enqueued += batch.len() as u64;
        Ok(())
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new();
        table.load_style(presets::UTF8_BORDERS_ONLY);
        table.set_header(["task", "succeeded", "failed attempts"]);
        for (task, runs) in &self.counts().runs {
            table.add_row([task.to_string(), runs.succeeded.to_string(), runs.failed.to_string()]);
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table.fmt(f)
    }
}

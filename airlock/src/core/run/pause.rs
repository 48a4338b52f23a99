//! Where a run of tasks pauses.

use crate::core::executor::DispatchError;
use crate::core::panics::Panic;
use crate::core::stack::contents::Contents;
use crate::core::task::called::{BoxError, TaskFuture};

/// Why a run pauses at a task that is more than a sync one which succeeds and enqueues nothing.
pub(super) enum Pause {
    /// It succeeded, and may have enqueued something.
    Succeeded,
    Failed(BoxError),
    Panicked(Panic),
    /// It is to be awaited.
    Async(TaskFuture),
    /// A policy panicked that was asked about what it enqueued, and nothing more is run.
    Stopped(DispatchError),
}

/// Where a run of plain intents pauses; that it does not is one register.
pub(crate) struct PausedAt(pub(super) Box<PausedTask>);

/// The task at which a run pauses, and what it has enqueued so far.
pub(super) struct PausedTask {
    pub(super) index: usize,
    pub(super) pause: Pause,
    pub(super) contents: Option<Contents>,
}

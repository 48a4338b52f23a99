//! For tests alone: a process that ends where it is told to, as by a loss of power.

use std::sync::OnceLock;

use airlock::transaction::Queue;
use airlock::{Batch, BoxError, DispatchError};

/// Every step, in the order in which an order comes to them.
const STEPS: [&str; 11] = [
    "begin",
    "after-insert",
    "after-enqueue",
    "after-body",
    "before-push",
    "after-push",
    "after-commit",
    "before-response",
    "worker-before-task",
    "worker-in-task",
    "worker-after-task",
];

static STEP: OnceLock<String> = OnceLock::new();

/// Ends the process at this step, or at the one that `SHOP_CRASH_AT` names.
pub(crate) fn install(step: Option<&str>) -> Result<(), BoxError> {
    let step = step.map(str::to_owned).or_else(|| std::env::var("SHOP_CRASH_AT").ok());
    let Some(step) = step else { return Ok(()) };
    if !STEPS.contains(&step.as_str()) {
        return Err(format!("there is no step `{step}` to crash at: {}", STEPS.join(", ")).into());
    }
    STEP.get_or_init(|| step);
    Ok(())
}

/// Ends the process if this is where it has to end: no destructor runs, and nothing is written.
pub(crate) fn point(step: &str) {
    if STEP.get().is_some_and(|at| at == step) {
        std::process::abort();
    }
}

/// A queue with a step before and after what it does.
pub(crate) struct Steps<Q>(pub(crate) Q);

impl<C: Send, Q: Queue<C>> Queue<C> for Steps<Q> {
    async fn push(&self, connection: &mut C, batch: &mut Batch) -> Result<(), DispatchError> {
        point("before-push");
        self.0.push(connection, batch).await?;
        point("after-push");
        Ok(())
    }

    fn committed(&self) {
        point("after-commit");
        self.0.committed();
    }
}

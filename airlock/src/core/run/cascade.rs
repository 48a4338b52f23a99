//! What tasks enqueue that run here.

use std::fmt;

use crate::core::executor::DispatchError;
use crate::core::executor::ledger::State;
use crate::core::run::batch_run::BatchRun;
use crate::core::stack::contents::Contents;
use crate::core::stack::judge::judge_into;
use crate::core::stack::segments::Segment;

impl BatchRun<'_> {
    /// Appends what the task at `index`, which succeeded, has enqueued.
    ///
    /// # Errors
    ///
    /// Where a policy panics: what it was asked about can't leave, and is handed back.
    pub(super) fn cascade(
        &mut self,
        index: usize,
        contents: Contents,
    ) -> Result<(), DispatchError> {
        let (_, generation, _) = self.batch.run_of(index);
        let segments = contents.into_segments().collect();
        let judged = judge_into(self.batch, segments, generation + 1);
        // What policies have remembered is that of the task's scope, which has ended.
        let Err((segments, panic)) = judged else { return Ok(()) };
        let said = format!("a policy panicked: {}", panic.message());
        self.batch.ledger.sent_until(index + 1);
        self.batch.ledger.note(self.batch.len(), State::Failed(said.into()));
        for Segment { chain, intents, .. } in segments {
            self.batch.append(chain, generation + 1, intents);
        }
        Err(self.batch.stop())
    }
}

/// Tasks enqueue tasks that enqueue tasks, without an end in sight.
#[derive(Debug)]
pub(super) struct Runaway {
    pub(super) limit: u32,
}

impl fmt::Display for Runaway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "tasks enqueue tasks that enqueue tasks, and {} generations have run: stop the cascade, \
             or raise the executor's `.generations(…)`",
            self.limit
        )
    }
}

impl std::error::Error for Runaway {}

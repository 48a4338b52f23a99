//! Intents of a scope without settings.

use crate::core::executor::DispatchError;
use crate::core::executor::batch::Batch;
use crate::core::intent::Intent;
use crate::core::panics::catch;
use crate::core::policy::chain::Chain;
use crate::core::run::Runner;
use crate::core::run::batch_run::BatchRun;
use crate::core::run::pause::{Pause, PausedAt, PausedTask};
use crate::core::stack::task_scope::run_plain_tasks;

impl Runner {
    /// Runs intents under the same policies, without what only other tasks need. Where it pauses, the policies are
    /// given back.
    pub(crate) fn run_plain(&self, chain: &mut Chain, intents: &mut [Intent]) -> Option<PausedAt> {
        run_plain_tasks(|scope| {
            scope.exchange(chain);
            let mut index = 0;
            let quiet = || self.run_quiet(intents, &mut index, scope, false);
            let pause = match catch(quiet) {
                Ok(None) => return None,
                Ok(Some(pause)) => pause,
                Err(panic) => Pause::Panicked(panic),
            };
            let contents = scope.take_contents();
            scope.exchange(chain);
            Some(PausedAt(Box::new(PausedTask { index, pause, contents })))
        })
    }

    /// Goes on with a batch that [`run_plain`](Self::run_plain) began.
    pub(crate) fn resume(
        &self,
        batch: &mut Batch,
        PausedAt(paused): PausedAt,
    ) -> Result<(), DispatchError> {
        let PausedTask { index, pause, contents } = *paused;
        let mut run = BatchRun::new(self, batch, false);
        run.resume_at(index);
        if let Some(future) = run.settle(pause, contents)? {
            run.wait(future)?;
        }
        run.run_now()
    }
}

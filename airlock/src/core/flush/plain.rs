//! The end of a scope without settings that nothing encloses.

use crate::core::executor::OnFailure;
use crate::core::executor::batch::Batch;
use crate::core::flush::outgoing::Outgoing;
use crate::core::flush::{Flush, FlushError};
use crate::core::intent::Intent;
use crate::core::panics::Panic;
use crate::core::policy::chain::Chain;
use crate::core::report::{Why, log};
use crate::core::run::PausedAt;
use crate::core::run::inline::Inline;
use crate::core::stack::judge::{Dropped, Judged, judge_single};
use crate::core::stack::plain_scope::PlainContents;
use crate::core::stack::thread::recycle;

impl PlainContents {
    /// Flushes or discards, as the body's success says.
    pub(crate) fn settle(mut self, succeeded: bool) -> Result<(), FlushError> {
        if self.more.is_some() || !succeeded || log::reports() {
            let contents = self.take();
            if succeeded {
                return Flush::prepare(contents, false).map_or(Ok(()), Flush::run);
            }
            contents.discard_for(Why::Error);
            return Ok(());
        }
        if self.chain.is_some() && !self.intents.is_empty() {
            match judge_single(&self.chain, &self.intents) {
                Ok(judged) if judged.intents.is_empty() && judged.remembered.is_none() => {}
                judged => return self.go_on_judged(judged),
            }
        }
        if let Some(first) = Inline::default_ref().run_plain(&mut self.chain, &mut self.intents) {
            return go_on(self.chain.take(), std::mem::take(&mut self.intents), first);
        }
        recycle(&mut self.intents);
        if self.intents.capacity() == 0 {
            // The allocation is kept elsewhere: there is nothing to drop, which the compiler does not see.
            std::mem::forget(self);
        }
        Ok(())
    }

    /// Goes on where policies drop some or remember them, or one has panicked.
    #[cold]
    fn go_on_judged(mut self, judged: Result<Judged<Dropped>, Panic>) -> Result<(), FlushError> {
        let (chain, intents) = (self.chain.take(), std::mem::take(&mut self.intents));
        let mut outgoing = Outgoing::new(None, false);
        outgoing.go_on_judged(chain, intents, judged);
        Flush::Ready(outgoing).run()
    }
}

/// Goes on where a task is more than a sync one which succeeds and enqueues nothing.
#[cold]
fn go_on(chain: Chain, intents: Vec<Intent>, first: PausedAt) -> Result<(), FlushError> {
    let mut batch = Batch::new(OnFailure::Stop);
    batch.append(chain, 0, intents);
    let mut outgoing = Outgoing::of(batch);
    let result = Inline::default_ref().resume(&mut outgoing.batch, first);
    outgoing.finish_whole(result)
}

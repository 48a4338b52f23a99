//! The end of a scope without settings that nothing encloses.

use crate::core::executor::OnFailure;
use crate::core::executor::batch::Batch;
use crate::core::flush::outgoing::Outgoing;
use crate::core::flush::{Flush, FlushError};
use crate::core::intent::Intent;
use crate::core::report::{Why, log};
use crate::core::run::PausedAt;
use crate::core::run::inline::Inline;
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
        settle(&mut self.intents)?;
        if self.intents.capacity() == 0 {
            // Its allocation is kept elsewhere: there is nothing to drop, which the compiler does not
            // see.
            std::mem::forget(self);
        }
        Ok(())
    }
}

/// Runs intents that no policy judges, here.
#[inline]
fn settle(intents: &mut Vec<Intent>) -> Result<(), FlushError> {
    if let Some(first) = Inline::default_ref().run_plain(intents) {
        return go_on(std::mem::take(intents), first);
    }
    recycle(intents);
    Ok(())
}

/// Goes on where a task is more than a sync one which succeeds and enqueues nothing.
#[cold]
fn go_on(intents: Vec<Intent>, first: PausedAt) -> Result<(), FlushError> {
    let mut batch = Batch::new(OnFailure::Stop);
    batch.append(None, 0, intents);
    let mut outgoing = Outgoing::of(batch);
    let result = Inline::default_ref().resume(&mut outgoing.batch, first);
    outgoing.finish_whole(result)
}

//! Closures, which are executors.

use crate::core::executor::dispatch::ExecutorPanicked;
use crate::core::executor::{Batch, DispatchError, Executor};
use crate::core::intent::Intent;
use crate::core::panics::catch;
use crate::core::task::called::BoxError;

/// A closure is called for one intent after another.
impl<F, E> Executor for F
where
    F: Fn(Intent) -> Result<(), E> + Send + Sync + 'static,
    E: Into<BoxError>,
{
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        batch.begin();
        for index in 0..batch.len() {
            // The closure gets a copy, so that the intent can be handed back should it fail.
            let Some(intent) = batch.copy_or_take(index) else { continue };
            match catch(|| self(intent)) {
                Ok(Ok(())) => batch.ledger.sent_until(index + 1),
                Ok(Err(error)) => batch.fail(index, error.into())?,
                Err(panic) => {
                    batch.ledger.fail(index, ExecutorPanicked::new(&panic).into());
                    panic.resume()
                }
            }
        }
        batch.finish()
    }

    fn blocks(&self) -> bool {
        false
    }
}

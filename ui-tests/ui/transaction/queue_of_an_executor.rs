//! An executor that sends, where a queue in the database of the transaction goes.

use airlock::transaction::Settings;

/// Stands for an executor that sends, as Celery's does.
#[derive(Clone)]
struct Celery;

impl airlock::Executor for Celery {
    async fn dispatch(&self, _: &mut airlock::Batch) -> Result<(), airlock::DispatchError> {
        Ok(())
    }
}

fn main() {
    let _ = Settings::<Vec<i64>>::default().queue(Celery);
}

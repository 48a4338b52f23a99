//! apalis' own worker, which runs the tasks of the fixture by the handler of the documentation.

use airlock::envelope::Envelope;
use airlock::worker::{Settlement, Worker};
use apalis_core::error::{AbortError, BoxDynError};
use apalis_core::task::attempt::Attempt;
use apalis_core::task::data::Data;
use apalis_core::worker::context::WorkerContext;

use super::fixture::Runs;

/// Stops once so many tasks have run.
pub(crate) async fn run(
    envelope: Envelope,
    attempt: Attempt,
    worker: Data<Worker>,
    until: Data<u64>,
    runs: Data<Runs>,
    context: WorkerContext,
) -> Result<(), BoxDynError> {
    let attempt = attempt.current().try_into()?;
    let settlement = worker.perform(&envelope, attempt).await;
    if runs.count() >= *until {
        context.stop()?;
    }
    match settlement {
        Settlement::Done => Ok(()),
        Settlement::Dead { reason } => Err(AbortError::new(reason).into()),
        again => Err(again.to_string().into()),
    }
}

/// Runs it on a backend, which has a type of its own for each, until so many tasks have run.
macro_rules! run_apalis {
    ($backend:expr, $runs:expr, $until:expr) => {{
        let running =
            apalis_core::worker::builder::WorkerBuilder::new($crate::unique::name("apalis"))
                .backend($backend)
                .data($crate::engines::fixture::worker(&$runs).build().expect("a worker"))
                .data($runs.clone())
                .data::<u64>($until)
                .build($crate::engines::apalis_worker::run)
                .run();
        let in_time = tokio::time::timeout($crate::place::PATIENCE, running).await;
        in_time.expect("in time").expect("it ran");
    }};
}

pub(crate) use run_apalis;

//! Running jobs.

use std::time::Duration;

use airlock::worker::Worker;
use airlock::{Backoff, BoxError};

use crate::cli::{Cli, Serving};
use crate::engine::Queue;
use crate::progress::Progress;
use crate::stop;
use crate::tally::{Counted, Tally};

/// The shop's worker: what its tasks enqueue goes into the same queue.
pub(crate) fn worker(
    queue: &impl Queue,
    tally: &Tally,
    serving: &Serving,
) -> Result<Worker, BoxError> {
    let worker = airlock::worker()
        .state(tally.clone())
        .executor(Counted { queue: queue.clone(), tally: tally.clone() })
        .concurrency(serving.concurrency)
        .timeout(Duration::from_secs(30))
        .backoff(Backoff::new(Duration::from_millis(200)))
        .block_reentry()
        .grace(Duration::from_secs(10));
    Ok(worker.build()?)
}

/// Serves the queue until it is told to stop.
pub(crate) async fn run(queue: impl Queue, cli: &Cli) -> Result<(), BoxError> {
    let tally = Tally::default();
    let worker = worker(&queue, &tally, &cli.serving)?;
    eprintln!("serving the queue `{}`: Ctrl-C stops", cli.queue);
    let progress = Progress::start(&worker, None);
    let served = worker.run(queue, stop::asked()).await?;
    progress.end().await;
    println!("{tally}\n{served}");
    Ok(())
}

//! Enqueuing and running in one process, with what an earlier run has left in the queue.

use std::time::{Duration, Instant};

use airlock::BoxError;
use airlock::worker::Worker;

use crate::cli::Cli;
use crate::engine::Queue;
use crate::progress::Progress;
use crate::tally::Tally;
use crate::{enqueue, serve, stop};

pub(crate) async fn run(queue: impl Queue, cli: &Cli, url: &str) -> Result<(), BoxError> {
    let enqueued = enqueue::run(&queue, &cli.orders).await?;
    eprintln!("{enqueued} jobs are in the queue `{}` of {}", cli.queue, without_password(url));
    let tally = Tally::default();
    let worker = serve::worker(&queue, &tally, &cli.serving)?;
    let progress = Progress::start(&worker, Some((enqueued as u64, tally.clone())));
    let stop = async {
        tokio::select! {
            () = stop::asked() => {}
            () = all_run(&worker, &tally, enqueued as u64) => {}
        }
    };
    let served = worker.run(queue.clone(), stop).await?;
    progress.end().await;
    let pending = (enqueued as u64 + tally.enqueued()).saturating_sub(served.done + served.dead);
    println!("{tally}\n{served}");
    match pending {
        0 => println!("nothing is pending"),
        _ => println!("{pending} pending: run `jobs worker`"),
    }
    if served.dead > 0 {
        println!("the dead letters are still there: see `jobs dead list`");
    }
    Ok(())
}

/// Returns when what was enqueued, and what that has enqueued in turn, is done or given up, and nothing else
/// comes: an earlier run that was interrupted may have left jobs, which are among those counted.
async fn all_run(worker: &Worker, tally: &Tally, enqueued: u64) {
    /// Longer than what has failed waits for its next attempt, which some engines round up to seconds.
    const QUIET: Duration = Duration::from_secs(3);
    let (mut ended, mut since) = (0, Instant::now());
    loop {
        let served = worker.served();
        let now = served.done + served.dead + served.retried;
        if now != ended {
            (ended, since) = (now, Instant::now());
        }
        let all = served.done + served.dead >= enqueued + tally.enqueued();
        if all && since.elapsed() >= QUIET {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The address as it may be printed.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let rest = rest.split('?').next().unwrap_or(rest);
    match rest.rsplit_once('@') {
        None => format!("{scheme}://{rest}"),
        Some((user, place)) => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}@{place}")
        }
    }
}

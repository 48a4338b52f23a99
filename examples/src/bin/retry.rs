//! Executors around executors: try again, give up in time, and fall back on a second one.

use std::error::Error;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use airlock::{Backoff, Batch, DispatchError, Executor, Fallback, Intent, Retry, Timeout};

#[airlock::task(name = "mail.confirmation")]
fn send_confirmation_email(order_id: u64) {
    unreachable!("a worker writes about order {order_id}");
}

/// A broker that takes two messages at a time, and then needs a rest.
#[derive(Default)]
struct Broker {
    batches: AtomicU32,
}

impl Executor for Broker {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        let number = self.batches.fetch_add(1, Ordering::Relaxed) + 1;
        let orders: Vec<_> = batch.iter().map(ToString::to_string).collect();
        println!("batch {number}: {}", orders.join(", "));
        if batch.len() > 2 { Err(DispatchError::at(2, "the line was cut")) } else { Ok(()) }
    }
}

/// A broker that never answers.
struct Silent;

impl Executor for Silent {
    async fn dispatch(&self, _: &mut Batch) -> Result<(), DispatchError> {
        std::future::pending().await
    }
}

fn send(executor: impl Executor) -> Result<(), Box<dyn Error>> {
    let scope = airlock::scope().executor(executor);
    scope.run(|| (1..=5).try_for_each(|id| send_confirmation_email::enqueue(id)))??;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    // What left is not sent again: five orders are out after three batches.
    let patient = || Backoff::new(Duration::from_millis(5));
    send(Retry::new(Broker::default()).backoff(patient()))?;

    // With too few attempts the error says what is still here.
    let error = send(Retry::new(Broker::default()).attempts(2).backoff(patient()));
    let error = error.expect_err("two batches are not enough");
    println!("{error}");
    assert!(error.to_string().contains("tried 2 times: the line was cut"));
    assert!(error.to_string().ends_with("(of 5 intents: 4 dispatched, 1 failed)"));

    // A broker that does not answer in time, and a file for what it did not take.
    let file = |intent: Intent| {
        println!("kept in a file: {intent}");
        Ok::<_, std::io::Error>(())
    };
    let silent = Timeout::new(Silent, Duration::from_millis(20));
    send(Fallback::new(silent, file))?;
    Ok(())
}

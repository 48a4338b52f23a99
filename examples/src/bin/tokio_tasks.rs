//! Tokio tasks: effects run on the runtime, apart from whoever flushed.

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::mpsc::{SendError, Sender, channel};
use std::time::Duration;

use airlock::tokio::Tasks;
use tokio::time::{Instant, sleep};

#[airlock::task(name = "mail.send")]
async fn send_mail(#[state] sent: &Sender<u64>, order_id: u64) -> Result<(), SendError<u64>> {
    sleep(Duration::from_millis(60 / order_id)).await;
    println!("mail for order {order_id}");
    sent.send(order_id)
}

async fn process(orders: u64) -> Result<(), airlock::EnqueueError> {
    for order_id in 1..=orders {
        tokio::task::yield_now().await;
        send_mail::enqueue(order_id)?;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (sent, received) = channel::<u64>();

    println!("In the background, one after another:");
    let tasks = Tasks::builder().state(sent.clone()).build()?;
    let begun = Instant::now();
    airlock::scope().executor(tasks.clone()).run_async(process(3)).await??;
    println!("(the flush took {:?})", begun.elapsed());
    assert!(received.try_recv().is_err(), "the flush did not wait for the first mail");
    tasks.finished().await;
    assert_eq!(received.try_iter().collect::<Vec<_>>(), [1, 2, 3]);

    println!("All at once: they start in order, and end in any.");
    let tasks = Tasks::builder().state(sent).concurrent().build()?;
    airlock::scope().executor(tasks.clone()).run_async(process(3)).await??;
    tasks.finished().await;
    let all: BTreeSet<_> = received.try_iter().collect();
    assert_eq!(all, BTreeSet::from([1, 2, 3]));
    Ok(())
}

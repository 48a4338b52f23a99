//! Configuration: the process's defaults, set once at start; tests override them in a block.

use std::error::Error;
use std::sync::mpsc::{SendError, Sender, channel};

use airlock::{AlreadyConfigured, Bound, DropAll, EnqueueError, Inline};

#[airlock::task(name = "mail.send")]
fn send_mail(#[state] sent: &Sender<u64>, order_id: u64) -> Result<(), SendError<u64>> {
    println!("mail for order {order_id}");
    sent.send(order_id)
}

fn main() -> Result<(), Box<dyn Error>> {
    let (sent, received) = channel::<u64>();
    airlock::configure().executor(Inline::builder().state(sent).build()?).limit(1_000).install()?;
    assert_eq!(airlock::configure().install(), Err(AlreadyConfigured));

    // Scopes that say nothing else use the defaults.
    airlock::scope().run(|| send_mail::enqueue(1))??;
    assert_eq!(received.try_recv(), Ok(1));

    // A block has its own, on this thread or in this future, and in no other.
    airlock::configure().policy(DropAll).limit(1).run(|| -> Result<(), Box<dyn Error>> {
        airlock::scope().run(|| send_mail::enqueue(2))??;
        let full = airlock::scope().run(|| (3..=4).try_for_each(|id| send_mail::enqueue(id)))?;
        let error = full.expect_err("the limit is one");
        println!("{error}");
        assert!(matches!(error, EnqueueError::Full(_, Bound::Intents(1))));
        Ok(())
    })?;
    assert!(received.try_recv().is_err());

    // What a scope says itself comes before any default.
    airlock::scope().policy(DropAll).run(|| send_mail::enqueue(5))??;
    airlock::scope().run(|| send_mail::enqueue(6))??;
    assert_eq!(received.try_iter().collect::<Vec<_>>(), [6]);
    Ok(())
}

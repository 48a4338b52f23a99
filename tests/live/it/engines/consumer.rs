//! A consumer of an engine's messages, which takes and settles them and runs none.

use std::time::{Duration, Instant};

use airlock::worker::{Message, Settled, Settlement};
use airlock_live::Engine;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::place::PATIENCE;

/// To its engine it is a worker.
pub(crate) struct Consumer<E: Engine>(pub(crate) E);

/// A message that was taken.
pub(crate) struct Taken<R> {
    pub(crate) receipt: R,
    pub(crate) number: u64,
    pub(crate) attempt: u32,
    pub(crate) max_attempts: Option<u32>,
}

impl<R> Taken<R> {
    pub(crate) fn new(message: Message<R>) -> Self {
        let (receipt, envelope, attempt) = message.into_parts();
        let envelope = envelope.expect("an envelope");
        let arguments: Value = serde_json::from_str(envelope.arguments()).expect("JSON");
        let number = arguments["number"].as_u64().expect("a number");
        Self { receipt, number, attempt, max_attempts: envelope.max_attempts() }
    }
}

impl<E: Engine> Consumer<E> {
    pub(crate) async fn of(engine: E) -> Self {
        engine.open().await.expect("opened");
        Self(engine)
    }

    /// Waits until there are so many, and takes them, as a worker does that lives: it gives signs of that,
    /// comes back after an error, and looks for what was lost with others.
    pub(crate) async fn take(&self, count: usize) -> Vec<Taken<E::Receipt>> {
        let (mut taken, mut trouble) = (Vec::new(), None);
        let taking = async {
            loop {
                match self.0.receive(count - taken.len()).await {
                    Ok(messages) => taken.extend(messages.into_iter().map(Taken::new)),
                    Err(error) => trouble = Some(error),
                }
                if taken.len() == count {
                    return;
                }
                trouble = self.0.keep_alive().await.err().or(trouble.take());
                let _ = timeout(Duration::from_millis(100), self.0.wait()).await;
            }
        };
        let in_time = timeout(PATIENCE, taking).await;
        let came = taken.len();
        in_time.unwrap_or_else(|_| panic!("{count} come, and not {came}: {trouble:?}"));
        taken
    }

    /// Takes what there is at the moment.
    pub(crate) async fn take_now(&self, room: usize) -> Vec<Taken<E::Receipt>> {
        let messages = self.0.receive(room).await.expect("received");
        messages.into_iter().map(Taken::new).collect()
    }

    /// Fails where a message comes, also where the server needs a moment for that.
    pub(crate) async fn nothing_comes(&self) {
        for _ in 0..3 {
            let numbers = numbers(&self.take_now(10).await);
            assert!(numbers.is_empty(), "{numbers:?} came");
            sleep(Duration::from_millis(100)).await;
        }
    }

    pub(crate) async fn settle(&self, messages: Vec<Taken<E::Receipt>>, settlement: Settlement) {
        self.0.settle(&settled(messages, &settlement)).await.expect("settled");
    }

    /// Gives signs of life for so long, in time.
    pub(crate) async fn live_for(&self, time: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < time {
            sleep(self.0.heartbeat().unwrap_or(time)).await;
            self.0.keep_alive().await.expect("kept alive");
        }
    }

    pub(crate) async fn close(&self) {
        self.0.close().await.expect("closed");
    }
}

pub(crate) fn numbers<R>(messages: &[Taken<R>]) -> Vec<u64> {
    messages.iter().map(|message| message.number).collect()
}

/// The number of each message, and of its attempt.
pub(crate) fn attempts<R>(messages: &[Taken<R>]) -> Vec<(u64, u32)> {
    messages.iter().map(|message| (message.number, message.attempt)).collect()
}

pub(crate) fn settled<R>(messages: Vec<Taken<R>>, settlement: &Settlement) -> Vec<Settled<R>> {
    let settled =
        |message: Taken<R>| Settled { receipt: message.receipt, settlement: settlement.clone() };
    messages.into_iter().map(settled).collect()
}

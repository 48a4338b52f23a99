use std::time::Duration;

use airlock::worker::{DeadLetter, DeadLetters, Message, Settled, Source};
use airlock::{Batch, BoxError, DispatchError, EngineError, Executor, tasks};

struct Smtp;

impl Smtp {
    async fn send(&self, _order_id: u64) -> Result<(), std::io::Error> {
        Ok(())
    }
}

#[airlock::task]
async fn send_mail(#[state] smtp: &Smtp, order_id: u64) -> Result<(), std::io::Error> {
    smtp.send(order_id).await
}

#[airlock::task]
fn render_invoice(order_id: u64) {
    println!("the invoice of order {order_id}");
}

/// An engine's queue; there is nothing in it.
#[derive(Clone)]
struct Queue;

impl Source for Queue {
    type Receipt = u64;

    async fn wait(&self) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }

    async fn receive(&self, _: usize) -> Result<Vec<Message<u64>>, BoxError> {
        Ok(Vec::new())
    }

    async fn settle(&self, _: &[Settled<u64>]) -> Result<Vec<usize>, BoxError> {
        Ok(Vec::new())
    }
}

impl Executor for Queue {
    async fn dispatch(&self, _: &mut Batch) -> Result<(), DispatchError> {
        Ok(())
    }
}

impl DeadLetters for Queue {
    async fn list(&self, _: usize) -> Result<Vec<DeadLetter>, EngineError> {
        Ok(Vec::new())
    }

    async fn find(&self, _: &str) -> Result<Option<DeadLetter>, EngineError> {
        Ok(None)
    }

    async fn retry(&self, _: &str) -> Result<bool, EngineError> {
        Ok(false)
    }

    async fn remove(&self, _: &str) -> Result<bool, EngineError> {
        Ok(false)
    }
}

async fn shutdown() {}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let queue = Queue;
// the block
    Ok(())
}

//! Executors of your own: an outbox that takes a whole flush as one batch, and a closure.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use airlock::{Batch, DispatchError, Executor, Intent};

#[airlock::task(name = "mail.confirmation")]
fn send_confirmation_email(order_id: u64) {
    unreachable!("the outbox takes the mail of order {order_id}; a worker would run this");
}

/// A table of messages to be sent: one insert a flush.
#[derive(Clone, Default)]
struct Outbox {
    inserts: Arc<Mutex<Vec<Vec<String>>>>,
}

impl Executor for Outbox {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        let mut rows = Vec::with_capacity(batch.len());
        for (index, intent) in batch.iter().enumerate() {
            let json = intent.to_json().map_err(|error| DispatchError::only(index, error))?;
            rows.push(format!("{} {json}", intent.name()));
        }
        if rows.len() > 3 {
            return Err(DispatchError::all("the outbox takes three messages at a time"));
        }
        self.inserts.lock().unwrap_or_else(PoisonError::into_inner).push(rows);
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let outbox = Outbox::default();
    let send = |orders| {
        let outbox = outbox.clone();
        airlock::scope()
            .executor(outbox)
            .run(|| (1..=orders).try_for_each(|id| send_confirmation_email::enqueue(id)))
    };
    send(2)??;
    send(3)??;
    let inserts = outbox.inserts.lock().unwrap_or_else(PoisonError::into_inner).clone();
    println!("{inserts:#?}");
    assert_eq!(inserts.iter().map(Vec::len).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(inserts[0][0], r#"mail.confirmation {"order_id":1}"#);

    // What did not leave is handed back.
    let error = send(4).expect_err("too many");
    println!("{error}");
    assert_eq!(error.into_intents().len(), 4);

    let print = |intent: Intent| {
        println!("would send {intent}");
        Ok::<_, std::io::Error>(())
    };
    airlock::scope().executor(print).run(|| send_confirmation_email::enqueue(9))??;
    Ok(())
}

//! A flush that fails hands back what did not leave: retry it, store it, or look at it.

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};

static FULL: AtomicBool = AtomicBool::new(true);

#[airlock::task(name = "mail.confirmation")]
fn send_confirmation_email(order_id: u64) -> Result<(), &'static str> {
    if order_id == 2 && FULL.load(Ordering::Relaxed) {
        return Err("mailbox full");
    }
    println!("mail for order {order_id}");
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let error = airlock::scope()
        .run(|| (1..=4).try_for_each(|id| send_confirmation_email::enqueue(id)))
        .expect_err("a mailbox is full");

    // The sentence for a log, the table for a person, the parts for a program.
    println!("{error}");
    println!("{}", error.report());
    assert_eq!(error.report().dispatched(), 1);
    let failed: Vec<_> = error.failures().map(|(task, error)| format!("{task}: {error}")).collect();
    assert_eq!(failed, ["mail.confirmation: mailbox full"]);

    println!("The mailbox is emptied, and what did not leave is tried again:");
    FULL.store(false, Ordering::Relaxed);
    let again = error.into_intents();
    assert_eq!(again.len(), 3);
    let (enqueued, sealed) =
        airlock::scope().seal(|| again.into_iter().try_for_each(airlock::Intent::enqueue));
    enqueued?;
    assert_eq!(sealed.flush()?.dispatched(), 3);
    Ok(())
}

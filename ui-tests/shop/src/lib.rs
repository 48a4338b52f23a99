//! Another crate with tasks, which knows airlock as `effects`: what is generated for them finds it there.

use effects::{Intent, TaskSet, Verdict};

/// Mails to customers.
pub mod mail {
    /// Sends the receipt of an order.
    #[effects::task(crate = effects, queue = "emails")]
    pub fn send_receipt(order_id: u64) {
        let _ = order_id;
    }

    /// Sends the newsletter.
    ///
    /// # Errors
    ///
    /// Where the address is none.
    #[effects::task(crate = ::effects)]
    pub async fn send_newsletter(#[secret] address: String) -> Result<(), std::fmt::Error> {
        std::future::ready(if address.contains('@') { Ok(()) } else { Err(std::fmt::Error) }).await
    }
}

/// Tells the warehouse of an order.
#[effects::task(crate = effects, local)]
pub fn notify_warehouse(#[state] shelf: &Shelf, order_id: u64) {
    let _ = (shelf, order_id);
}

/// Where things are; not a task.
#[derive(Debug)]
pub struct Shelf;

/// Computes; not a task.
pub fn total(prices: &[u64]) -> u64 {
    prices.iter().sum()
}

/// The mails.
pub fn mails() -> TaskSet {
    effects::tasks![mail::send_receipt, "mail::send_newsletter"]
}

/// Enqueues a receipt, in a scope of its own that blocks newsletters.
///
/// # Errors
///
/// Where the flush failed.
#[effects::scoped(crate = effects, policy = (BlockTasks("mail::send_newsletter"), Limit::per_flush(1)))]
pub fn sell(order_id: u64) -> Result<(), Box<dyn std::error::Error>> {
    Ok(mail::send_receipt::enqueue(order_id)?)
}

/// Enqueues a receipt that never leaves.
///
/// # Errors
///
/// Outside a scope.
#[effects::policy((DropAll, |_: &Intent| Verdict::Allow), crate = effects)]
pub fn rehearse(order_id: u64) -> Result<(), effects::EnqueueError> {
    mail::send_receipt::enqueue(order_id)
}

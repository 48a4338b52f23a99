//! The shop's own code. It says what should happen; the scope around it decides when, and whether.

use airlock::EnqueueError;

use crate::outside::{MailError, Outside};

/// An order of the shop.
pub struct Order {
    pub id: u64,
    pub email: String,
    pub processed: bool,
}

impl Order {
    /// Processes the order: the warehouse packs it, and the customer gets a mail.
    pub fn process(&mut self) -> Result<(), EnqueueError> {
        self.processed = true;
        notify_warehouse::enqueue(self.id)?;
        send_confirmation_email::enqueue(self.id, self.email.clone())
    }
}

/// Has the warehouse pack the order.
#[airlock::task(name = "warehouse.notify")]
pub fn notify_warehouse(#[state] outside: &Outside, order_id: u64) {
    outside.pack(order_id);
}

/// Tells the customer that the order is on its way.
#[airlock::task(name = "mail.confirmation")]
pub fn send_confirmation_email(
    #[state] outside: &Outside,
    order_id: u64,
    email: String,
) -> Result<(), MailError> {
    outside.mail(&email, &format!("Your order {order_id} is on its way."))
}

//! Whom the shop tells what, in tasks: each is a letter in the outbox.

use std::io;

use airlock::{TaskSet, tasks};

use crate::outbox::{Kind, Letter, Outbox};

/// All of them: what the worker serves.
pub(crate) fn all() -> TaskSet {
    tasks![send_confirmation, send_shipping, send_cancellation, ask_to_pack, ask_to_stop]
}

const WAREHOUSE: &str = "warehouse@shop.example";

/// Tells the customer that the order has arrived.
#[airlock::task(name = "mail.confirmation")]
pub(crate) fn send_confirmation(
    #[state] outbox: &Outbox,
    order_id: i64,
    email: String,
) -> io::Result<()> {
    let text = format!("Thank you, we have your order {order_id}.");
    outbox.deliver(&Letter { kind: Kind::Confirmation, order_id, to: email, text })
}

/// Tells the customer that the order is on its way.
#[airlock::task(name = "mail.shipping")]
pub(crate) fn send_shipping(
    #[state] outbox: &Outbox,
    order_id: i64,
    email: String,
) -> io::Result<()> {
    let text = format!("Your order {order_id} is on its way.");
    outbox.deliver(&Letter { kind: Kind::Shipping, order_id, to: email, text })
}

/// Tells the customer that there will be nothing.
#[airlock::task(name = "mail.cancellation")]
pub(crate) fn send_cancellation(
    #[state] outbox: &Outbox,
    order_id: i64,
    email: String,
) -> io::Result<()> {
    let text = format!("Your order {order_id} is cancelled.");
    outbox.deliver(&Letter { kind: Kind::Cancellation, order_id, to: email, text })
}

/// Has the warehouse pack an order.
#[airlock::task(name = "warehouse.pack")]
pub(crate) fn ask_to_pack(
    #[state] outbox: &Outbox,
    order_id: i64,
    item: String,
    quantity: i64,
) -> io::Result<()> {
    let text = format!("Please pack {quantity} x {item} for order {order_id}.");
    outbox.deliver(&Letter { kind: Kind::Pack, order_id, to: WAREHOUSE.into(), text })
}

/// Has the warehouse stop.
#[airlock::task(name = "warehouse.stop")]
pub(crate) fn ask_to_stop(#[state] outbox: &Outbox, order_id: i64) -> io::Result<()> {
    let text = format!("Please put order {order_id} back on the shelf.");
    outbox.deliver(&Letter { kind: Kind::Stop, order_id, to: WAREHOUSE.into(), text })
}

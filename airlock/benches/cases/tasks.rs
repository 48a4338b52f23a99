//! The tasks that both sides run, and what they do: as little as can be told from nothing.

use std::cell::Cell;
use std::hint::black_box;

use serde::{Deserialize, Serialize};

thread_local! {
    static SUM: Cell<u64> = const { Cell::new(0) };
}

/// What every task ends in. Out of line, so that neither side can do without the call.
#[inline(never)]
pub(crate) fn count(number: u64) {
    SUM.set(SUM.get().wrapping_add(number));
}

#[airlock::task]
pub(crate) fn notify_warehouse(order_id: u64) {
    count(order_id);
}

#[airlock::task]
pub(crate) fn send_mail(address: String) {
    count(address.len() as u64);
}

#[airlock::task]
pub(crate) fn confirm(address: String, text: String) {
    count((address.len() + text.len()) as u64);
}

/// An argument of several words.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) id: u64,
    pub(crate) customer: u64,
    pub(crate) cents: u64,
    pub(crate) express: bool,
}

#[airlock::task]
pub(crate) fn ship(order: Order) {
    count(order.id ^ order.customer ^ order.cents ^ u64::from(order.express));
}

/// An address, the same each time: what it costs to make one is not what is measured.
pub(crate) fn address() -> String {
    black_box("customer-4711@example.org").to_owned()
}

/// What a mail says, the same each time.
pub(crate) fn text() -> String {
    black_box("Your order 4711 is on its way.").to_owned()
}

/// Order number `number`.
pub(crate) fn order(number: u64) -> Order {
    Order { id: number, customer: number / 3, cents: 4_200, express: number > 7 }
}

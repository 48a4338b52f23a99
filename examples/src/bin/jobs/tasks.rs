//! What the shop does, in tasks.

use std::time::Duration;

use crate::tally::Tally;

/// Confirms an order by mail; one with no address to send to can't succeed.
#[airlock::task(name = "mail.confirmation", max_attempts = 3)]
pub(crate) async fn send_confirmation(
    #[state] tally: &Tally,
    order_id: u64,
    email: String,
) -> Result<(), String> {
    tokio::time::sleep(Duration::from_millis(2)).await;
    tally.ran("mail.confirmation", || {
        if email.contains('@') {
            return Ok(());
        }
        Err(format!("order {order_id} has no address to send to: `{email}`"))
    })
}

/// Asks the warehouse to pack an order, and books the courier for it.
///
/// The warehouse is busy when it first hears of every seventh order. The courier is only booked for
/// what was packed: the booking leaves with the task that enqueued it.
#[airlock::task(name = "warehouse.pack")]
pub(crate) async fn pack(
    #[state] tally: &Tally,
    order_id: u64,
    item: String,
) -> Result<(), String> {
    book_courier::enqueue(order_id).map_err(|error| error.to_string())?;
    tokio::time::sleep(Duration::from_millis(3)).await;
    tally.ran("warehouse.pack", || {
        if order_id.is_multiple_of(7) && tally.first_time(order_id) {
            return Err(format!("the warehouse has no hands free for a {item}"));
        }
        Ok(())
    })
}

/// Books a courier.
#[airlock::task(name = "courier.book")]
pub(crate) fn book_courier(#[state] tally: &Tally, order_id: u64) -> Result<(), String> {
    tally.ran("courier.book", || {
        if order_id == 0 {
            return Err("there is no order 0".into());
        }
        Ok(())
    })
}

//! Enqueuing: one scope for the whole file, so one batch, and all of it or nothing.

use airlock::{BoxError, EnqueueError};

use crate::cli::Orders;
use crate::engine::Queue;
use crate::input::{self, Order};
use crate::tasks::{pack, send_confirmation};

/// Puts the orders' jobs into the queue, and says how many there were.
pub(crate) async fn run(queue: &impl Queue, orders: &Orders) -> Result<usize, BoxError> {
    let repeat = orders.repeat;
    let orders = input::read(orders.orders.as_deref())?;
    let scope = airlock::scope().executor(queue.clone());
    let enqueued = scope.run_async(async move {
        for order in (0..repeat).flat_map(|_| &orders) {
            place(order.clone())?;
        }
        Ok::<_, EnqueueError>(2 * orders.len() * usize::try_from(repeat).unwrap_or(usize::MAX))
    });
    Ok(enqueued.await??)
}

fn place(order: Order) -> Result<(), EnqueueError> {
    send_confirmation::enqueue(order.id, order.email)?;
    pack::enqueue(order.id, order.item)
}

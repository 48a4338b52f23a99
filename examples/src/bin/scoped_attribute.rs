//! `#[airlock::scoped]`: a function's body is a scope. On functions and methods, sync and async.

use std::error::Error;
use std::sync::atomic::{AtomicU32, Ordering};

static PACKED: AtomicU32 = AtomicU32::new(0);

#[airlock::task]
fn notify_warehouse(order_id: u64) {
    println!("the warehouse packs order {order_id}");
    PACKED.fetch_add(1, Ordering::Relaxed);
}

/// Its `Ok` flushes, its `Err` discards; a flush that fails becomes its error.
#[airlock::scoped]
fn checkout(order_id: u64, paid: bool) -> Result<u64, Box<dyn Error>> {
    notify_warehouse::enqueue(order_id)?;
    if !paid {
        return Err(format!("order {order_id} is not paid").into());
    }
    Ok(order_id)
}

/// In the attribute the built-in policies need no import.
#[airlock::scoped(policy = DropAll)]
fn import(order_ids: &[u64]) -> Result<(), Box<dyn Error>> {
    Ok(order_ids.iter().try_for_each(|id| notify_warehouse::enqueue(*id))?)
}

struct Shop {
    last_order: u64,
}

impl Shop {
    /// A value that says nothing of success, as this number, succeeds unless the body panics.
    #[airlock::scoped(policy = (BlockTasks(notify_warehouse), Coalesce), named = "shop")]
    async fn count_orders<T: Into<u64>>(&mut self, more: T) -> u64 {
        self.last_order += more.into();
        tokio::task::yield_now().await;
        notify_warehouse::enqueue(self.last_order).expect("inside a scope");
        self.last_order
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    assert_eq!(checkout(1, true)?, 1);
    let error = checkout(2, false).expect_err("not paid");
    println!("{error}");
    import(&[3, 4, 5])?;
    assert_eq!(Shop { last_order: 5 }.count_orders(1_u32).await, 6);

    assert_eq!(PACKED.load(Ordering::Relaxed), 1, "only the paid checkout had an effect");
    Ok(())
}

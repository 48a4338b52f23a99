//! The whole idea in one file: code says what should happen, the scope around it decides.

use std::error::Error;
use std::sync::atomic::{AtomicU32, Ordering};

use airlock::{DropAll, EnqueueError};

static MAILS: AtomicU32 = AtomicU32::new(0);

#[airlock::task]
fn notify_warehouse(order_id: u64) {
    println!("  the warehouse packs order {order_id}");
}

#[airlock::task]
fn send_confirmation_email(order_id: u64) {
    println!("  a mail says that order {order_id} is on its way");
    MAILS.fetch_add(1, Ordering::Relaxed);
}

struct Order {
    id: u64,
}

impl Order {
    fn process(&self) -> Result<(), EnqueueError> {
        notify_warehouse::enqueue(self.id)?;
        send_confirmation_email::enqueue(self.id)?;
        println!("  order {} is processed", self.id);
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let order = Order { id: 42 };

    println!("In a scope, effects leave at its end:");
    airlock::scope().run(|| order.process())??;
    assert_eq!(MAILS.load(Ordering::Relaxed), 1);

    println!("Where the work fails, they don't leave:");
    let failed = airlock::scope().run(|| {
        order.process()?;
        Err::<(), Box<dyn Error>>("the card was declined".into())
    })?;
    println!("  {}", failed.expect_err("declined above"));
    assert_eq!(MAILS.load(Ordering::Relaxed), 1);

    println!("Under a policy, the policy has a say:");
    airlock::scope().policy(DropAll).run(|| order.process())??;
    assert_eq!(MAILS.load(Ordering::Relaxed), 1);

    println!("Without a scope, nothing would decide:");
    let error = order.process().expect_err("there is no scope here");
    println!("  {error}");
    assert!(matches!(error, EnqueueError::NoScope(_)));
    Ok(())
}

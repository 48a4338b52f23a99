//! Nested scopes: the outermost decides when, and every policy on the way has its say.

use std::error::Error;

use airlock::{DropAll, Fate};

#[airlock::task(name = "audit.write")]
fn write_audit(what: String) {
    println!("audit: {what}");
}

#[airlock::task(name = "mail.receipt")]
fn send_receipt(order_id: u64) {
    println!("receipt for order {order_id}");
}

/// Has a scope of its own, and works the same under somebody else's.
#[airlock::scoped]
fn pay(order_id: u64, enough: bool) -> Result<(), Box<dyn Error>> {
    write_audit::enqueue(format!("payment of order {order_id}"))?;
    if !enough {
        return Err("not enough money".into());
    }
    send_receipt::enqueue(order_id)?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let (done, sealed) = airlock::scope().named("outer").seal(|| -> Result<(), Box<dyn Error>> {
        write_audit::enqueue("begin".into())?;
        pay(1, true)?;
        pay(2, false).expect_err("what the failed one enqueued is gone");
        airlock::scope().policy(DropAll).run(|| pay(3, true))??;
        Ok(())
    });
    done?;

    // Nothing has left so far: the nested scopes were captured.
    let inspection = sealed.inspect();
    println!("{inspection}");
    assert_eq!((inspection.own().len(), inspection.captured().len()), (1, 4));

    // A policy stays with what was enqueued under it, whoever flushes.
    let report = sealed.flush()?;
    println!("{report}");
    let dropped = report
        .entries()
        .iter()
        .filter(|entry| matches!(entry.fate(), Fate::Dropped { policy } if policy == "DropAll"));
    assert_eq!(dropped.count(), 2);
    assert_eq!(report.dispatched(), 3);
    Ok(())
}

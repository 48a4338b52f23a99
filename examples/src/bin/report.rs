//! Reports: what became of every intent of a scope, for people and for machines.

use std::error::Error;
use std::sync::mpsc::channel;

use airlock::{Fate, Why, block_tasks};

#[airlock::task(name = "warehouse.notify")]
fn notify_warehouse(order_id: u64) {
    println!("the warehouse packs order {order_id}");
}

#[airlock::task(name = "mail.confirmation")]
fn send_confirmation_email(order_id: u64) {
    println!("a mail about order {order_id}");
}

fn process(order_id: u64) -> Result<(), airlock::EnqueueError> {
    notify_warehouse::enqueue(order_id)?;
    send_confirmation_email::enqueue(order_id)
}

fn main() -> Result<(), Box<dyn Error>> {
    // Whoever seals a scope gets its report from the flush.
    let policy = block_tasks![send_confirmation_email];
    let (processed, sealed) = airlock::scope().named("admin").policy(policy).seal(|| process(1));
    processed?;
    let report = sealed.flush()?;
    println!("{report}");
    assert_eq!((report.enqueued(), report.dispatched(), report.dropped()), (2, 1, 1));
    println!("{:#}", report.to_json());
    assert_eq!(report.to_json()["entries"][1]["fate"], "dropped by BlockTasks");

    // Others are told when the scope has ended, however it did.
    let (reports, told) = channel();
    let failed = airlock::scope()
        .named("checkout")
        .on_report(move |report| reports.send(report.clone()).expect("the receiver lives on"))
        .run(|| {
            process(2)?;
            Err::<(), Box<dyn Error>>("the card was declined".into())
        })?;
    assert!(failed.is_err());
    let report = told.try_recv()?;
    println!("{report}");
    assert_eq!(report.scope(), Some("checkout"));
    let mut fates = report.entries().iter().map(airlock::ReportEntry::fate);
    assert!(fates.all(|fate| *fate == Fate::Discarded(Why::Error)));
    Ok(())
}

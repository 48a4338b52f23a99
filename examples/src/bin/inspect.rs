//! Looking into a scope while it runs: what it holds, from where, and what each policy would say.

use std::error::Error;

use airlock::{Verdict, block_tasks};

#[airlock::task(name = "warehouse.notify")]
fn notify_warehouse(order_id: u64) {
    println!("the warehouse packs order {order_id}");
}

#[airlock::task(name = "mail.confirmation")]
fn send_confirmation_email(order_id: u64) {
    println!("a mail about order {order_id}");
}

#[airlock::scoped]
fn process(order_id: u64) -> Result<(), Box<dyn Error>> {
    notify_warehouse::enqueue(order_id)?;
    send_confirmation_email::enqueue(order_id)?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let policy = block_tasks![send_confirmation_email];
    airlock::scope().policy(policy).run(|| -> Result<(), Box<dyn Error>> {
        notify_warehouse::enqueue(1)?;
        process(2)?;

        let inspection = airlock::current().ok_or("inside a scope")?.inspect();
        println!("{inspection}");
        let [own] = inspection.own() else { return Err("one was enqueued here".into()) };
        assert_eq!(own.to_string(), "warehouse.notify(order_id: 1)");

        let [notify, mail] = inspection.captured() else { return Err("two were captured".into()) };
        assert!(notify.passes());
        assert!(!mail.passes());
        assert_eq!(mail.verdicts(), [("BlockTasks".to_owned(), Verdict::Drop)]);
        assert_eq!(mail.arguments()["order_id"], 2);
        Ok(())
    })??;
    Ok(())
}

//! Block lists and allow lists: names checked by the compiler, or at start for those of a file.

use std::error::Error;

use airlock::{BlockTasks, allow_only, block_tasks};

mod warehouse {
    #[airlock::task(name = "warehouse.notify")]
    pub(crate) fn notify(order_id: u64) {
        println!("the warehouse packs order {order_id}");
    }
}

#[airlock::task(name = "mail.confirmation")]
fn send_confirmation_email(order_id: u64) {
    println!("a mail about order {order_id}");
}

fn process(order_id: u64) -> Result<(), airlock::EnqueueError> {
    warehouse::notify::enqueue(order_id)?;
    send_confirmation_email::enqueue(order_id)
}

fn main() -> Result<(), Box<dyn Error>> {
    // A path in quotes is checked like a bare one. Misspell either: it doesn't compile.
    let mails = block_tasks![send_confirmation_email];
    let both = block_tasks![send_confirmation_email, "warehouse::notify"];
    for (policy, left) in [(mails, 1), (both, 0)] {
        let (processed, sealed) = airlock::scope().policy(policy).seal(|| process(1));
        processed?;
        assert_eq!(sealed.flush()?.dispatched(), left);
    }

    // The other way round, and refused where it is enqueued rather than dropped where it would leave.
    let strict = allow_only![warehouse::notify].refuse();
    let refused = airlock::scope().policy(strict).run(|| process(2))?;
    let error = refused.expect_err("mails are not on the list");
    println!("{error}");
    assert_eq!(error.task().name(), "mail.confirmation");

    // Names of a configuration are those that tasks go by; a wrong one is found at start.
    BlockTasks::named(["mail.confirmation", "warehouse.notify"])?;
    let error = BlockTasks::named(["mail.confirmaton"]).expect_err("misspelt");
    println!("{error}");
    assert!(error.to_string().ends_with("did you mean `mail.confirmation`?"));
    Ok(())
}

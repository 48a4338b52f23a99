//! Cascades: a task runs in a scope of its own, so what it enqueues leaves if it succeeds.

use std::error::Error;
use std::sync::Mutex;

use airlock::{Inline, block_tasks};

static DONE: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn note(what: String) {
    println!("{what}");
    DONE.lock().expect("nothing panics while it holds the list").push(what);
}

#[airlock::task]
fn ship(order_id: u64) -> Result<(), Box<dyn Error + Send + Sync>> {
    note(format!("ship {order_id}"));
    send_tracking_link::enqueue(order_id)?;
    if order_id == 13 {
        return Err("the parcel is lost".into());
    }
    Ok(())
}

#[airlock::task]
fn send_tracking_link(order_id: u64) {
    note(format!("link {order_id}"));
}

/// Enqueues itself again and again, as bugs do.
#[airlock::task]
fn remind(user_id: u64) -> Result<(), airlock::EnqueueError> {
    note(format!("remind {user_id}"));
    remind::enqueue(user_id)
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("What the tasks of a flush enqueue runs after them:");
    airlock::scope().run(|| [1, 2].into_iter().try_for_each(|id| ship::enqueue(id)))??;
    assert_eq!(std::mem::take(&mut *DONE.lock()?), ["ship 1", "ship 2", "link 1", "link 2"]);

    println!("A task that fails takes its own effects with it:");
    let error = airlock::scope().run(|| ship::enqueue(13)).expect_err("lost");
    println!("{error}");
    assert_eq!(std::mem::take(&mut *DONE.lock()?), ["ship 13"]);

    println!("A policy holds for the whole cascade:");
    let policy = block_tasks![send_tracking_link];
    airlock::scope().policy(policy).run(|| ship::enqueue(3))??;
    assert_eq!(std::mem::take(&mut *DONE.lock()?), ["ship 3"]);

    println!("A runaway is stopped, here after three generations:");
    let inline = Inline::builder().generations(3).build()?;
    let error = airlock::scope().executor(inline).run(|| remind::enqueue(7)).expect_err("endless");
    println!("{error}");
    assert_eq!(DONE.lock()?.len(), 3);
    Ok(())
}

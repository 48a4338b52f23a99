//! `#[airlock::task]`: the function stays what it was, and beside it stands the task.

mod arguments;
mod intents;
mod names;
mod options;
mod returns;
mod spellings;
mod storage;

/// Adds up, for whoever calls it; as a task nobody waits for the sum.
///
/// Its documentation stays.
#[airlock::task]
pub(crate) fn plain(a: u64, b: u64) {
    let _ = a + b;
}

#[airlock::task(name = "tasks.full", queue = "emails", max_attempts = 5)]
async fn full(order_id: u64) -> Result<(), std::fmt::Error> {
    crate::support::yield_once().await;
    if order_id == 0 { Err(std::fmt::Error) } else { Ok(()) }
}

#[test]
fn the_function_stays_callable() {
    plain(1, 2);
    let function: fn(u64, u64) = plain;
    function(1, 2);
    assert!(crate::support::block_on(full(0)).is_err());
    assert!(crate::support::block_on(full(1)).is_ok());
    assert!(airlock::current().is_none());
}

#[cfg(not(test))]
#[airlock::task]
fn conditional() {
    compile_error!("it is not there in tests");
}

#[cfg(test)]
#[airlock::task]
fn conditional() {}

#[airlock::task]
#[cfg(any())]
fn never(n: NoSuchType) {}

#[test]
fn cfg_is_forwarded_to_all_that_is_generated() {
    conditional();
    assert_eq!(conditional::intent().to_string(), "it::tasks::conditional()");
    let registry = airlock::registry().expect("no two tasks have one name");
    assert!(registry.find("it::tasks::never").is_err());
}

mod renamed {
    pub(super) use ::airlock as lock;
}

#[airlock::task(crate = renamed::lock, name = "tasks.renamed")]
fn elsewhere() {}

#[test]
fn airlock_may_be_somewhere_else() {
    elsewhere();
    assert_eq!(elsewhere::intent().name(), "tasks.renamed");
}

//! `on_failure`: when an intent fails, stop there, or attempt the others all the same.

use std::error::Error;

use airlock::{FlushError, OnFailure};

#[airlock::task(name = "push.notify")]
fn notify_phone(user_id: u64) -> Result<(), String> {
    match user_id {
        2 => return Err(format!("the phone of user {user_id} is off")),
        4 => panic!("user {user_id} has no phone"),
        _ => println!("user {user_id} is notified"),
    }
    Ok(())
}

fn notify_all(on_failure: OnFailure) -> FlushError {
    airlock::scope()
        .on_failure(on_failure)
        .run(|| (1..=5).try_for_each(|id| notify_phone::enqueue(id)))
        .expect_err("some can't be reached")
}

fn main() -> Result<(), Box<dyn Error>> {
    let stopped = notify_all(OnFailure::Stop);
    println!("{}", stopped.report());
    let report = stopped.report();
    assert_eq!((report.dispatched(), report.failed(), report.not_attempted()), (1, 1, 3));

    let continued = notify_all(OnFailure::Continue);
    println!("{}", continued.report());
    let report = continued.report();
    assert_eq!((report.dispatched(), report.failed(), report.not_attempted()), (3, 2, 0));

    // A panic in a task is that task's failure.
    let (_, failed, rest) = continued.into_parts();
    assert!(rest.is_empty());
    let panicked = failed.last().ok_or("two failed")?;
    assert!(panicked.error.to_string().contains("user 4 has no phone"));
    Ok(())
}

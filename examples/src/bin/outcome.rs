//! Outcomes: whether a body's value means success, which flushes, or failure, which discards.

use std::error::Error;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};

use airlock::{Outcome, Success};

static AUDITED: AtomicU32 = AtomicU32::new(0);

#[airlock::task]
fn audit(what: String) {
    println!("audit: {what}");
    AUDITED.fetch_add(1, Ordering::Relaxed);
}

/// How many have left since this was last asked.
fn audited() -> u32 {
    AUDITED.swap(0, Ordering::Relaxed)
}

/// An answer of a server of ours.
struct Answer {
    status: u16,
}

impl Outcome for Answer {
    fn succeeded(&self) -> bool {
        self.status < 400
    }
}

fn audited_as<R>(what: &str, value: R) -> R {
    audit::enqueue(what.into()).expect("inside a scope");
    value
}

fn main() -> Result<(), Box<dyn Error>> {
    airlock::scope().run(|| audited_as("nothing is success", ()))?;
    airlock::scope().run(|| audited_as("Ok is success", Ok::<_, String>(1)))??;
    airlock::scope().run(|| audited_as("so is exit code 0", ExitCode::SUCCESS))?;
    airlock::scope().run(|| audited_as("and an answer below 400", Answer { status: 204 }))?;
    assert_eq!(audited(), 4);

    assert!(airlock::scope().run(|| audited_as("Err is failure", Err::<(), _>("no")))?.is_err());
    airlock::scope().run(|| audited_as("another exit code, too", ExitCode::FAILURE))?;
    airlock::scope().run(|| audited_as("and this answer", Answer { status: 404 }))?;
    assert_eq!(audited(), 0);

    // A value of any other type does not compile here, unless one says that it means success.
    let Success(total) = airlock::scope().run(|| audited_as("a total", Success(42)))?;
    assert_eq!((total, audited()), (42, 1));

    // The scope can see it otherwise.
    let attempt = airlock::scope().flush_if(|_succeeded| true);
    assert!(attempt.run(|| audited_as("a wrong password", Err::<(), _>("no")))?.is_err());
    assert_eq!(audited(), 1);
    Ok(())
}

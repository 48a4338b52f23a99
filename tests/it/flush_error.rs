//! What a failed flush hands back.

use std::error::Error;

use airlock::{FlushError, Intent};

use crate::support::{Ran, fail, note, quiet, short};

/// A flush in which the second of three fails.
fn failed() -> FlushError {
    let body = || {
        note::enqueue(1)?;
        fail::enqueue(2)?;
        note::enqueue(3)
    };
    Ran::new().scope().run(body).expect_err("one fails")
}

#[test]
fn it_says_what_failed_and_what_became_of_all() {
    let error = failed();
    assert_eq!(
        error.to_string(),
        "`it::support::fail(n: 2)` failed: no luck with 2 (of 3 intents: 1 dispatched, 1 failed, 1 not attempted)"
    );
    let debug = format!("{error:?}");
    assert!(debug.starts_with(&format!("{error}\nscope: 1 dispatched")), "{debug}");
    assert_eq!(error.source().map(ToString::to_string), Some("no luck with 2".to_owned()));
    let [(task, cause)] = &error.failures().collect::<Vec<_>>()[..] else { panic!("one failed") };
    assert_eq!(
        (task.name(), cause.to_string()),
        ("it::support::fail", "no luck with 2".to_owned())
    );
}

#[test]
fn it_hands_back_the_failed_first_then_the_rest() {
    let (report, failures, rest) = failed().into_parts();
    assert_eq!(report.enqueued(), 3);
    let [failure] = &failures[..] else { panic!("one failed") };
    assert_eq!(failure.task.name(), "it::support::fail");
    assert_eq!(failure.error.to_string(), "no luck with 2");
    assert_eq!(failure.intent.as_ref().map(short), Some("fail(n: 2)".to_owned()));
    assert_eq!(rest.iter().map(short).collect::<Vec<_>>(), ["note(n: 3)"]);
    assert_eq!(
        failed().into_intents().iter().map(short).collect::<Vec<_>>(),
        ["fail(n: 2)", "note(n: 3)"]
    );
}

#[test]
fn what_is_handed_back_can_be_tried_again_until_it_succeeds() {
    use std::sync::atomic::{AtomicU32, Ordering};
    static LEFT: AtomicU32 = AtomicU32::new(3);
    #[airlock::task]
    fn flaky() -> Result<(), &'static str> {
        let failing =
            LEFT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if failing.is_ok() { Err("not yet") } else { Ok(()) }
    }
    let mut intents = vec![flaky::intent().queue("bulk"), quiet::intent(2)];
    let mut tries = 0;
    while !intents.is_empty() {
        tries += 1;
        let flushed = airlock::scope().run(|| intents.drain(..).try_for_each(Intent::enqueue));
        if let Err(error) = flushed {
            intents = error.into_intents();
            assert_eq!(intents[0].options().queue(), Some("bulk"));
        }
    }
    assert_eq!(tries, 4);
}

#[test]
fn it_goes_where_errors_go() {
    fn can<T: Error + Send + Sync + 'static>() {}
    fn fails() -> Result<(), Box<dyn Error + Send + Sync>> {
        Err(failed())?
    }
    can::<FlushError>();
    can::<airlock::EnqueueError>();
    let error = fails().expect_err("boxed");
    let error = error.downcast::<FlushError>().expect("it is still one");
    assert_eq!(error.into_intents().len(), 2);
    // Across threads as well.
    let error = std::thread::spawn(failed).join().expect("no panic");
    assert_eq!(error.report().failed(), 1);
}

#[test]
fn the_tasks_own_error_can_be_had() {
    #[derive(Debug)]
    struct Unpaid(u64);
    impl std::fmt::Display for Unpaid {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "order {} is unpaid", self.0)
        }
    }
    impl Error for Unpaid {}
    #[airlock::task]
    fn ship(order_id: u64) -> Result<(), Unpaid> {
        Err(Unpaid(order_id))
    }
    let error = airlock::scope().run(|| ship::enqueue(7)).expect_err("it fails");
    let (_, cause) = error.failures().next().expect("one failed");
    assert_eq!(cause.downcast_ref::<Unpaid>().map(|unpaid| unpaid.0), Some(7));
}

#[airlock::task(local)]
fn consume(ticket: Ticket) -> Result<(), &'static str> {
    let Ticket = ticket;
    Err("torn")
}

/// Can't be copied.
struct Ticket;

#[test]
fn an_argument_that_was_consumed_is_missing_but_its_error_is_not() {
    let error = airlock::scope().run(|| consume::enqueue(Ticket)).expect_err("it fails");
    assert_eq!(error.report().failed(), 1);
    let (_, failures, rest) = error.into_parts();
    let [failure] = &failures[..] else { panic!("one failed") };
    assert!(failure.intent.is_none());
    assert_eq!(failure.error.to_string(), "torn");
    assert!(rest.is_empty());
}

#[test]
fn a_failure_in_one_scope_leaves_the_thread_as_it_was() {
    let ran = Ran::new();
    drop(failed());
    assert!(airlock::current().is_none());
    ran.scope().run(|| note::enqueue(1)).expect("flushed").expect("enqueued");
    assert_eq!(ran.list(), ["note 1"]);
}

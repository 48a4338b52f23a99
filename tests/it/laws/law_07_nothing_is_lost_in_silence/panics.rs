//! A panic in a policy, a rule, an outcome, a listener or a destructor loses no intent in silence.

use std::panic::{AssertUnwindSafe, catch_unwind};

use airlock::{Fate, Intent, Policy, PolicyViolation, Verdict};

use crate::support::{Ran, Reports, assert_adds_up, fates, note, panic_of, quiet, said};

/// Panics when it is asked about `note(1)`, as the field says.
struct Explosive {
    at_enqueue: bool,
    at_flush: bool,
}

fn is_note_1(intent: &Intent) -> bool {
    intent.arguments_of::<note>() == Some(&(1,))
}

impl Policy for Explosive {
    fn on_enqueue(&self, intent: &Intent) -> Result<(), PolicyViolation> {
        assert!(!(self.at_enqueue && is_note_1(intent)), "enqueue explodes");
        Ok(())
    }

    fn allows(&self, intent: &Intent) -> Verdict {
        assert!(!(self.at_flush && is_note_1(intent)), "flush explodes");
        Verdict::Allow
    }
}

#[test]
fn a_panic_in_on_enqueue_is_a_panic_of_the_body() {
    let (ran, reports) = (Ran::new(), Reports::new());
    let said = panic_of(|| {
        let policy = Explosive { at_enqueue: true, at_flush: false };
        ran.scope().policy(policy).on_report(reports.keep()).run(|| {
            quiet::enqueue(0).expect("enqueued");
            note::enqueue(1)
        })
    });
    assert_eq!(said, "enqueue explodes");
    assert_eq!(fates(&reports.only()), ["quiet: discarded: panic"]);
    // This thread may enqueue again.
    ran.scope().run(|| note::enqueue(2)).expect("flushed").expect("enqueued");
    assert_eq!(ran.list(), ["note 2"]);
}

#[test]
fn a_panic_in_allows_is_reported_and_goes_on() {
    let (ran, reports) = (Ran::new(), Reports::new());
    let said = panic_of(|| {
        let policy = Explosive { at_enqueue: false, at_flush: true };
        ran.scope().policy(policy).on_report(reports.keep()).run(|| {
            quiet::enqueue(0)?;
            note::enqueue(1)?;
            quiet::enqueue(2)
        })
    });
    assert_eq!(said, "flush explodes");
    assert!(ran.list().is_empty());
    let report = reports.only();
    assert_adds_up(&report, 3);
    assert_eq!(report.discarded(), 3, "{report}");
    ran.scope().run(|| note::enqueue(2)).expect("flushed").expect("enqueued");
}

#[test]
fn a_panic_in_a_release_rule_loses_nothing_in_silence() {
    let (ran, inner) = (Ran::new(), Reports::new());
    let result = catch_unwind(AssertUnwindSafe(|| {
        ran.scope()
            .release(|intent| if is_note_1(intent) { panic!("rule explodes") } else { true })
            .run(|| {
                airlock::scope().on_report(inner.keep()).run(|| {
                    quiet::enqueue(0)?;
                    note::enqueue(1)?;
                    quiet::enqueue(2)
                })
            })
    }));
    assert_eq!(said(&*result.expect_err("it goes on")), "rule explodes");
    assert_adds_up(&inner.only(), 3);
}

#[test]
fn a_panic_in_flush_if_loses_nothing_in_silence() {
    let (ran, reports) = (Ran::new(), Reports::new());
    let said = panic_of(|| {
        ran.scope()
            .flush_if(|_| panic!("who decides?"))
            .on_report(reports.keep())
            .run(|| note::enqueue(1))
    });
    assert_eq!(said, "who decides?");
    assert!(ran.list().is_empty());
    assert_eq!(fates(&reports.only()), ["note: discarded: panic"]);
}

#[test]
fn a_panic_in_an_outcome_loses_nothing_in_silence() {
    struct Undecidable;
    impl airlock::Outcome for Undecidable {
        fn succeeded(&self) -> bool {
            panic!("who knows?")
        }
    }
    let (ran, reports) = (Ran::new(), Reports::new());
    let said = panic_of(|| {
        ran.scope().on_report(reports.keep()).run(|| {
            note::enqueue(1).expect("enqueued");
            Undecidable
        })
    });
    assert_eq!(said, "who knows?");
    assert!(ran.list().is_empty());
    let report = reports.only();
    assert!(matches!(report.entries()[0].fate(), Fate::Discarded(_)), "{report}");
}

#[test]
fn a_listener_that_panics_keeps_nothing_back() {
    let flush = airlock::scope()
        .on_report(|_| panic!("no news, please"))
        .executor(|_: Intent| Err("nobody home"))
        .run(|| quiet::enqueue(1));
    assert_eq!(flush.expect_err("it fails").into_intents().len(), 1);
    // While another panic unwinds it would be the second.
    let body =
        || airlock::scope().on_report(|_| panic!("no news")).run(|| -> () { panic!("body") });
    let panic = std::panic::catch_unwind(body).expect_err("the body's");
    assert_eq!(panic.downcast_ref(), Some(&"body"));
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "dropped");
    }
}

#[test]
fn a_destructor_that_panics_in_a_dropped_future_does_not_lose_its_scope() {
    let reports = Reports::new();
    let (sender, receiver) = std::sync::mpsc::channel();
    let mut future = Box::pin(airlock::scope().on_report(reports.keep()).run_async(async move {
        let _bomb = Bomb;
        quiet::enqueue(1).expect("enqueued");
        sender.send(airlock::current().expect("inside")).expect("listened to");
        std::future::pending::<()>().await;
    }));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(future.as_mut().poll(&mut context).is_pending());
    let dropped = std::panic::AssertUnwindSafe(|| drop(future));
    assert!(std::panic::catch_unwind(dropped).is_err());
    let report = reports.only();
    assert_adds_up(&report, 1);
    assert_eq!(report.discarded(), 1);
    let handle = receiver.recv().expect("sent");
    assert!(matches!(handle.run(|| quiet::enqueue(2)), Err(airlock::EnqueueError::Closed(_))));
}

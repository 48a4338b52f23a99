//! `flush_if` decides in place of the body's success.

use crate::support::{Ran, Reports, block_on, fates, note};

fn body(succeeds: bool) -> Result<(), &'static str> {
    note::enqueue(1).map_err(|_| "no scope")?;
    if succeeds { Ok(()) } else { Err("failed") }
}

#[test]
fn flush_if_gets_whether_the_body_succeeded_and_decides() {
    type Decide = fn(bool) -> bool;
    let cases: [(Decide, bool, bool); 6] = [
        (|_| true, true, true),
        (|_| true, false, true),
        (|_| false, true, false),
        (|_| false, false, false),
        (|succeeded| !succeeded, true, false),
        (|succeeded| !succeeded, false, true),
    ];
    for (decide, succeeds, leaves) in cases {
        for awaited in [false, true] {
            let (ran, reports) = (Ran::new(), Reports::new());
            let scope = ran.scope().flush_if(decide).on_report(reports.keep());
            let value = if awaited {
                block_on(scope.run_async(async move { body(succeeds) }))
            } else {
                scope.run(|| body(succeeds))
            };
            assert_eq!(
                value.expect("no failure").is_ok(),
                succeeds,
                "the value comes out as it was"
            );
            assert_eq!(!ran.list().is_empty(), leaves);
            let fate = match (leaves, succeeds) {
                (true, _) => "note: dispatched",
                (false, true) => "note: discarded: on request",
                (false, false) => "note: discarded: error",
            };
            assert_eq!(fates(&reports.only()), [fate]);
        }
    }
}

#[test]
fn it_decides_about_the_capture_of_a_nested_scope() {
    let ran = Ran::new();
    ran.scope()
        .run(|| {
            let failed = airlock::scope().flush_if(|_| true).run(|| body(false));
            assert!(failed.expect("captured").is_err());
            let dropped = airlock::scope().flush_if(|_| false).run(|| body(true));
            assert!(dropped.expect("nothing to flush").is_ok());
        })
        .expect("flushed");
    assert_eq!(ran.list(), ["note 1"]);
}

#[test]
fn a_sealed_scope_is_decided_by_its_holder() {
    let ran = Ran::new();
    let (_, sealed) = ran.scope().flush_if(|_| false).seal(|| note::enqueue(1));
    assert_eq!(sealed.flush().expect("flushed").dispatched(), 1);
    assert_eq!(ran.list(), ["note 1"]);
}

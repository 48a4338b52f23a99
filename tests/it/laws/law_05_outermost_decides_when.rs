//! Law 5: **Outermost decides when.** A nested scope's intents are captured by its parent, unless the parent
//! releases them.

use airlock::block_tasks;

use crate::support::{
    Ran, Reports, anote, assert_adds_up, block_on, fates, left, note, quiet, yield_once,
};

#[test]
fn a_nested_scope_is_captured_by_its_parent() {
    let (ran, inner) = (Ran::new(), Reports::new());
    ran.scope()
        .run(|| {
            note::enqueue(1)?;
            airlock::scope().on_report(inner.keep()).run(|| note::enqueue(2)).expect("captured")?;
            assert!(ran.list().is_empty(), "the outermost decides when");
            note::enqueue(3)
        })
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(ran.list(), ["note 1", "note 2", "note 3"]);
    assert_eq!(fates(&inner.only()), ["note: captured by the enclosing scope"]);
}

#[test]
fn what_was_captured_is_discarded_with_the_parent() {
    let (ran, reports) = (Ran::new(), Reports::new());
    let result = ran.scope().on_report(reports.keep()).run(|| {
        airlock::scope().run(|| note::enqueue(1)).expect("captured").expect("enqueued");
        Err::<(), _>("the parent fails")
    });
    assert!(result.expect("nothing to flush").is_err());
    assert!(ran.list().is_empty());
    assert_eq!(fates(&reports.only()), ["note: discarded: error"]);
}

#[test]
fn a_nested_scope_that_fails_discards_its_own_only() {
    let ran = Ran::new();
    ran.scope()
        .run(|| {
            note::enqueue(1)?;
            let failed = airlock::scope().run(|| {
                note::enqueue(2).expect("enqueued");
                Err::<(), _>("no")
            });
            assert_eq!(failed.expect("nothing to flush"), Err("no"));
            note::enqueue(3)
        })
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(ran.list(), ["note 1", "note 3"]);
}

#[test]
fn the_executor_of_the_outermost_carries_out_what_it_captured() {
    let (ran, unused) = (Ran::new(), Ran::new());
    ran.scope()
        .run(|| {
            airlock::scope().executor(unused.inline()).run(|| note::enqueue(1)).expect("captured")
        })
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(ran.list(), ["note 1"]);
    assert!(unused.list().is_empty());
}

#[test]
fn three_levels_deep_all_ends_where_it_should() {
    let (ran, reports) = (Ran::new(), Reports::new());
    ran.scope()
        .on_report(reports.keep())
        .policy(block_tasks![quiet])
        .run(|| {
            note::enqueue(1)?;
            airlock::scope()
                .run(|| {
                    note::enqueue(2)?;
                    let lost = airlock::scope().run(|| {
                        note::enqueue(3).expect("enqueued");
                        Err::<(), _>(())
                    });
                    assert!(lost.expect("nothing to flush").is_err());
                    airlock::scope()
                        .run(|| {
                            quiet::enqueue(4)?;
                            note::enqueue(5)
                        })
                        .expect("captured")?;
                    note::enqueue(6)
                })
                .expect("captured")?;
            note::enqueue(7)
        })
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(ran.list(), ["note 1", "note 2", "note 5", "note 6", "note 7"]);
    assert_adds_up(&reports.only(), 6);
}

#[test]
fn release_lets_out_what_it_says_and_captures_the_rest_in_order() {
    let (outer, inner, reports) = (Ran::new(), Ran::new(), Reports::new());
    outer
        .scope()
        .release(|intent| intent.arguments()["n"].as_u64().is_some_and(|n| n % 2 == 0))
        .run(|| {
            inner
                .scope()
                .on_report(reports.keep())
                .run(|| (1..=4).try_for_each(note::enqueue))
                .expect("released")?;
            assert_eq!(inner.list(), ["note 2", "note 4"]);
            note::enqueue(5)
        })
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(outer.list(), ["note 1", "note 3", "note 5"]);
    let report = reports.only();
    assert_adds_up(&report, 4);
    assert_eq!(
        fates(&report),
        [
            "note: captured by the enclosing scope",
            "note: dispatched",
            "note: captured by the enclosing scope",
            "note: dispatched",
        ]
    );
}

#[test]
fn release_all_lets_nested_scopes_flush_by_themselves() {
    let (outer, inner) = (Ran::new(), Ran::new());
    let result = outer.scope().release_all().run(|| {
        note::enqueue(1).expect("enqueued");
        inner.scope().run(|| note::enqueue(2)).expect("released").expect("enqueued");
        assert_eq!(inner.list(), ["note 2"]);
        Err::<(), _>("the parent fails")
    });
    assert!(result.expect("nothing to flush").is_err());
    assert!(outer.list().is_empty(), "its own were never released");
}

#[test]
fn every_enclosing_scope_is_asked_what_it_releases() {
    for (middle_releases, outer_releases, expected) in [
        (true, true, "inner"),
        (true, false, "outer"),
        (false, true, "middle"),
        (false, false, "outer"),
    ] {
        let (outer, middle, inner) = (Ran::new(), Ran::new(), Ran::new());
        outer
            .scope()
            .release(move |_| outer_releases)
            .run(|| {
                middle
                    .scope()
                    .release(move |_| middle_releases)
                    .run(|| inner.scope().run(|| note::enqueue(1)).expect("no failure"))
                    .expect("no failure")
            })
            .expect("no failure")
            .expect("enqueued");
        let by = [("outer", &outer), ("middle", &middle), ("inner", &inner)];
        let by: Vec<_> =
            by.iter().filter(|(_, ran)| !ran.list().is_empty()).map(|(by, _)| *by).collect();
        assert_eq!(by, [expected], "middle {middle_releases}, outer {outer_releases}");
    }
}

#[test]
fn a_sealed_scope_joins_what_encloses_its_flush() {
    let (outer, inner) = (Ran::new(), Ran::new());
    outer
        .scope()
        .run(|| {
            let (_, sealed) = inner.scope().seal(|| note::enqueue(1));
            note::enqueue(2)?;
            let report = sealed.flush().expect("captured");
            assert_eq!(report.captured(), 1);
            note::enqueue(3)
        })
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(outer.list(), ["note 2", "note 1", "note 3"]);
    assert!(inner.list().is_empty());
}

#[test]
fn async_scopes_nest_like_sync_ones() {
    let ran = Ran::new();
    let run = ran.scope().run_async(async {
        note::enqueue(1)?;
        yield_once().await;
        airlock::scope()
            .run_async(async {
                yield_once().await;
                note::enqueue(2)?;
                airlock::scope().run(|| note::enqueue(3)).expect("captured")?;
                yield_once().await;
                note::enqueue(4)
            })
            .await
            .expect("captured")?;
        assert!(ran.list().is_empty());
        note::enqueue(5)
    });
    block_on(run).expect("flushed").expect("enqueued");
    assert_eq!(ran.list(), ["note 1", "note 2", "note 3", "note 4", "note 5"]);
}

#[test]
fn async_scopes_release_and_seal_like_sync_ones() {
    let (outer, inner) = (Ran::new(), Ran::new());
    let run = outer.scope().release(|intent| intent.name().ends_with("::anote")).run_async(async {
        let (_, sealed) = inner
            .scope()
            .seal_async(async {
                note::enqueue(1)?;
                yield_once().await;
                anote::enqueue(2)
            })
            .await;
        let report = sealed.flush_async().await.expect("released");
        assert_eq!((report.captured(), report.dispatched()), (1, 1));
        assert!(left(report.entries()[1].fate()));
    });
    block_on(run).expect("flushed");
    assert_eq!((outer.list(), inner.list()), (vec!["note 1".into()], vec!["anote 2".to_owned()]));
}

#[test]
fn joined_nested_scopes_are_captured_in_the_order_in_which_they_end() {
    let ran = Ran::new();
    let nested = |n: u64, yields: usize| {
        airlock::scope().run_async(async move {
            note::enqueue(n)?;
            for _ in 0..yields {
                yield_once().await;
            }
            note::enqueue(n + 1)
        })
    };
    let run = ran.scope().run_async(async {
        let (first, second) = futures::join!(nested(10, 3), nested(20, 1));
        first.expect("captured")?;
        second.expect("captured")
    });
    block_on(run).expect("flushed").expect("enqueued");
    assert_eq!(ran.list(), ["note 20", "note 21", "note 10", "note 11"]);
}

//! Scopes inside scopes: the outermost decides when, and policies stay with their intents.

use airlock::{
    AllowAll, DropAll, EnqueueError, Fate, Intent, Policy, PolicyViolation, Verdict, block_tasks,
};

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
fn releasing_early_lifts_no_policy() {
    let (outer, inner, reports) = (Ran::new(), Ran::new(), Reports::new());
    outer
        .scope()
        .policy(block_tasks![note])
        .release_all()
        .run(|| {
            inner
                .scope()
                .on_report(reports.keep())
                .run(|| {
                    note::enqueue(1)?;
                    anote::enqueue(2)
                })
                .expect("released")
        })
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(inner.list(), ["anote 2"]);
    assert_eq!(fates(&reports.only()), ["note: dropped by BlockTasks", "anote: dispatched"]);
}

#[test]
fn captured_intents_keep_the_policies_of_where_they_were_enqueued() {
    let (ran, reports) = (Ran::new(), Reports::new());
    ran.scope()
        .on_report(reports.keep())
        .run(|| {
            airlock::scope().policy(DropAll).run(|| note::enqueue(1)).expect("captured")?;
            airlock::scope()
                .run(|| airlock::policy(block_tasks![note]).run(|| note::enqueue(2)))
                .expect("captured")?;
            note::enqueue(3)
        })
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(ran.list(), ["note 3"]);
    assert_eq!(
        fates(&reports.only()),
        ["note: dropped by DropAll", "note: dropped by BlockTasks", "note: dispatched"]
    );
}

#[test]
fn a_parents_policy_judges_what_nested_scopes_enqueue() {
    let ran = Ran::new();
    ran.scope()
        .policy(block_tasks![note].refuse())
        .run(|| {
            airlock::scope()
                .policy(AllowAll)
                .run(|| {
                    let error = note::enqueue(1).expect_err("the parent refuses");
                    assert_eq!(error.violation().and_then(|v| v.policy()), Some("BlockTasks"));
                    quiet::enqueue(2)
                })
                .expect("captured")
        })
        .expect("flushed")
        .expect("enqueued");
    assert!(ran.list().is_empty());
}

/// Notes that it was asked, and by which question.
struct Asked(Ran, &'static str);

impl Policy for Asked {
    fn on_enqueue(&self, _: &Intent) -> Result<(), PolicyViolation> {
        self.0.push(format!("{} at enqueue", self.1));
        Ok(())
    }

    fn allows(&self, _: &Intent) -> Verdict {
        self.0.push(format!("{} at flush", self.1));
        Verdict::Allow
    }
}

#[test]
fn policies_are_asked_innermost_first_at_enqueue_and_again_at_flush() {
    let asked = Ran::new();
    airlock::scope()
        .policy(Asked(asked.clone(), "outer scope"))
        .run(|| {
            airlock::policy(Asked(asked.clone(), "local")).run(|| {
                airlock::scope()
                    .policy(Asked(asked.clone(), "inner scope"))
                    .run(|| quiet::enqueue(1))
                    .expect("captured")
            })
        })
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(
        asked.list(),
        [
            "inner scope at enqueue",
            "local at enqueue",
            "outer scope at enqueue",
            "inner scope at flush",
            "local at flush",
            "outer scope at flush",
        ]
    );
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
fn a_sealed_scope_keeps_its_policies_wherever_it_is_flushed() {
    let ran = Ran::new();
    let (_, sealed) = airlock::scope().policy(DropAll).seal(|| note::enqueue(1));
    ran.scope().run(|| sealed.flush().map(drop)).expect("flushed").expect("captured");
    assert!(ran.list().is_empty());
}

#[test]
fn sealing_looks_before_it_decides() {
    let ran = Ran::new();
    let (sent, sealed) = ran.scope().policy(block_tasks![quiet]).seal(|| {
        note::enqueue(1)?;
        quiet::enqueue(2)
    });
    sent.expect("enqueued");
    assert_eq!((sealed.len(), sealed.is_empty()), (2, false));
    let inspection = sealed.inspect();
    assert_eq!(
        inspection.own().iter().map(airlock::Inspected::passes).collect::<Vec<_>>(),
        [true, false]
    );
    let report = sealed.discard();
    assert!(
        report
            .entries()
            .iter()
            .all(|entry| *entry.fate() == Fate::Discarded(airlock::Why::Request))
    );
    assert!(ran.list().is_empty());
}

#[test]
fn a_sealed_scope_that_nobody_decides_about_is_discarded() {
    let (ran, reports) = (Ran::new(), Reports::new());
    let (_, sealed) = ran.scope().on_report(reports.keep()).seal(|| note::enqueue(1));
    drop(sealed);
    assert!(ran.list().is_empty());
    assert_eq!(fates(&reports.only()), ["note: discarded: undecided"]);
}

#[test]
fn own_and_captured_are_told_apart() {
    airlock::scope()
        .run(|| {
            quiet::enqueue(1)?;
            airlock::scope().run(|| quiet::enqueue(2)).expect("captured")?;
            airlock::policy(AllowAll).run(|| quiet::enqueue(3))?;
            let inspection = airlock::current().expect("inside").inspect();
            let listed = |intents: &[airlock::Inspected]| -> Vec<_> {
                intents.iter().map(|intent| intent.arguments()["n"].as_u64().unwrap_or(0)).collect()
            };
            assert_eq!(listed(inspection.own()), [1, 3]);
            assert_eq!(listed(inspection.captured()), [2]);
            Ok::<_, EnqueueError>(())
        })
        .expect("flushed")
        .expect("enqueued");
}

/// A scope that was sealed outside, with a nested one in it, is captured whole.
#[test]
fn everything_a_sealed_scope_brings_along_counts_as_captured() {
    let ((), sealed) = airlock::scope().seal(|| {
        quiet::enqueue(1).expect("enqueued");
        airlock::scope().run(|| quiet::enqueue(2)).expect("captured").expect("enqueued");
        quiet::enqueue(3).expect("enqueued");
    });
    airlock::scope()
        .run(|| {
            airlock::scope().run(|| {
                sealed.flush().expect("captured");
                let inspection = airlock::current().expect("inside").inspect();
                assert_eq!(inspection.own().len(), 0, "{inspection}");
                assert_eq!(inspection.captured().len(), 3, "{inspection}");
            })
        })
        .expect("flushed")
        .expect("captured");
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

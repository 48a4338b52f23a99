//! The laws that a call can break: no scope, no effect; effects leave at flush only and in order;
//! policies never create; the counts add up.

use std::sync::Mutex;

use airlock::{
    DropAll, EnqueueError, Intent, Judge, Occasion, Policy, PolicyViolation, Sealed, Verdict,
};

use crate::support::{Ran, Reports, anote, assert_adds_up, block_on, fail, fates, note, quiet};

#[test]
fn law_1_an_enqueue_outside_a_scope_is_an_error_and_runs_nothing() {
    let line = line!() + 1;
    let error = quiet::enqueue(7).expect_err("there is no scope");
    assert!(matches!(error, EnqueueError::NoScope(_)));
    assert!(std::ptr::eq(error.task(), quiet::intent(7).task()));
    assert_eq!(error.arguments(), "n: 7");
    assert_eq!((error.origin().file(), error.origin().line()), (file!(), line));
    let text = error.to_string();
    assert!(
        text.starts_with("`it::support::quiet(n: 7)` was enqueued outside any scope"),
        "{text}"
    );
    assert!(
        text.contains("airlock::scope().run(") && text.contains("#[airlock::scoped]"),
        "{text}"
    );
    assert!(text.ends_with(&format!("({})", error.origin())), "{text}");
    assert_eq!(format!("{error:?}"), text);
}

#[test]
fn law_1_holds_after_a_scope_and_under_a_local_policy_alone() {
    airlock::scope().run(|| ()).expect("nothing to flush");
    assert!(matches!(quiet::enqueue(1), Err(EnqueueError::NoScope(_))));
    let alone = airlock::policy(DropAll).run(|| quiet::enqueue(1));
    assert!(matches!(alone, Err(EnqueueError::NoScope(_))));
    let configured = airlock::configure().limit(3).run(|| quiet::enqueue(1));
    assert!(matches!(configured, Err(EnqueueError::NoScope(_))));
}

#[test]
fn law_1_holds_between_two_polls_of_a_scoped_future() {
    let ran = Ran::new();
    let mut future = Box::pin(ran.scope().run_async(async {
        note::enqueue(1)?;
        crate::support::yield_once().await;
        note::enqueue(2)
    }));
    assert!(futures::FutureExt::now_or_never(&mut future).is_none());
    assert!(matches!(note::enqueue(9), Err(EnqueueError::NoScope(_))));
    assert!(airlock::current().is_none());
    block_on(future).expect("flushed").expect("enqueued");
    assert_eq!(ran.list(), ["note 1", "note 2"]);
}

#[test]
fn law_2_effects_leave_at_flush_only_and_in_the_order_of_enqueue() {
    let ran = Ran::new();
    ran.scope()
        .run(|| {
            for n in 0..20 {
                note::enqueue(n)?;
                assert_eq!(ran.list().len(), 0, "nothing has left yet");
            }
            Ok::<_, EnqueueError>(())
        })
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(ran.list(), (0..20).map(|n| format!("note {n}")).collect::<Vec<_>>());
}

#[test]
fn law_2_the_order_is_kept_across_sync_and_async_tasks_local_policies_and_nested_scopes() {
    let ran = Ran::new();
    ran.scope()
        .run(|| {
            note::enqueue(0)?;
            anote::enqueue(1)?;
            airlock::policy(airlock::AllowAll).run(|| note::enqueue(2))?;
            note::enqueue(3)?;
            airlock::scope()
                .run(|| {
                    anote::enqueue(4)?;
                    airlock::scope()
                        .policy(airlock::AllowAll)
                        .run(|| note::enqueue(5))
                        .expect("captured")?;
                    note::enqueue(6)
                })
                .expect("captured")?;
            note::enqueue(7)
        })
        .expect("flushed")
        .expect("enqueued");
    let order = ["note 0", "anote 1", "note 2", "note 3", "anote 4", "note 5", "note 6", "note 7"];
    assert_eq!(ran.list(), order);
}

#[test]
fn law_2_a_failed_body_lets_nothing_leave() {
    let ran = Ran::new();
    let result = ran.scope().run(|| {
        note::enqueue(1).expect("enqueued");
        Err::<(), _>("out of stock")
    });
    assert_eq!(result.expect("nothing to flush"), Err("out of stock"));
    assert!(ran.list().is_empty());
}

/// Tries to enqueue wherever a policy is asked.
#[derive(Default)]
struct Meddler {
    attempts: Mutex<Vec<Result<(), EnqueueError>>>,
}

impl Meddler {
    fn meddle(&self) {
        let direct = quiet::enqueue(100);
        let nested = airlock::scope().run(|| quiet::enqueue(101)).expect("nothing to flush");
        let under_policy = airlock::policy(airlock::AllowAll).run(|| quiet::enqueue(102));
        let in_future = block_on(airlock::scope().run_async(async { quiet::enqueue(103) }));
        let in_future = in_future.expect("nothing to flush");
        assert!(airlock::current().is_none(), "no handle could create behind a policy's back");
        self.attempts.lock().expect("not poisoned").extend([
            direct,
            nested,
            under_policy,
            in_future,
        ]);
    }
}

impl Policy for Meddler {
    fn on_enqueue(&self, _: &Intent) -> Result<(), PolicyViolation> {
        self.meddle();
        Ok(())
    }

    fn allows(&self, _: &Intent) -> Verdict {
        self.meddle();
        Verdict::Allow
    }
}

struct MeddlingJudge(std::sync::Arc<Meddler>);

impl Policy for MeddlingJudge {
    fn name(&self) -> std::borrow::Cow<'static, str> {
        "MeddlingJudge".into()
    }

    fn judge(&self, _: Occasion) -> Option<Box<dyn Judge + '_>> {
        self.0.meddle();
        Some(Box::new(Inner(&self.0)))
    }
}

struct Inner<'a>(&'a Meddler);

impl Judge for Inner<'_> {
    fn allows(&mut self, _: &Intent) -> Verdict {
        self.0.meddle();
        Verdict::Allow
    }
}

#[track_caller]
fn assert_all_in_policy(meddler: &Meddler, at_least: usize) {
    let attempts = meddler.attempts.lock().expect("not poisoned");
    assert!(attempts.len() >= at_least, "it was asked {} times", attempts.len());
    for attempt in attempts.iter() {
        let error = attempt.as_ref().expect_err("a policy can't enqueue");
        assert!(matches!(error, EnqueueError::InPolicy(_)), "{error}");
        assert!(error.to_string().contains("from inside a policy"), "{error}");
    }
}

#[test]
fn law_3_a_policy_cannot_enqueue_whatever_it_is_asked() {
    let meddler = std::sync::Arc::new(Meddler::default());
    let ran = Ran::new();
    ran.scope()
        .policy(meddler.clone())
        .run(|| {
            note::enqueue(1)?;
            let handle = airlock::current().expect("inside a scope");
            assert_eq!(handle.inspect().own().len(), 1);
            note::enqueue(2)
        })
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(ran.list(), ["note 1", "note 2"]);
    // Two enqueues, an inspection of one intent and a flush of two; four attempts each.
    assert_all_in_policy(&meddler, 5 * 4);
}

#[test]
fn law_3_holds_in_a_judge_and_in_its_making() {
    let meddler = std::sync::Arc::new(Meddler::default());
    let ran = Ran::new();
    ran.scope()
        .policy(MeddlingJudge(meddler.clone()))
        .run(|| note::enqueue(1))
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(ran.list(), ["note 1"]);
    assert_all_in_policy(&meddler, 2 * 4);
}

#[test]
fn law_3_holds_in_a_release_rule() {
    let meddler = std::sync::Arc::new(Meddler::default());
    let asked = meddler.clone();
    let ran = Ran::new();
    ran.scope()
        .release(move |_| {
            asked.meddle();
            false
        })
        .run(|| airlock::scope().run(|| note::enqueue(1)).expect("captured"))
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(ran.list(), ["note 1"]);
    assert_all_in_policy(&meddler, 4);
}

#[test]
fn law_3_ends_with_the_policy_even_when_that_refuses_or_panics() {
    struct Grumpy;
    impl Policy for Grumpy {
        fn on_enqueue(&self, intent: &Intent) -> Result<(), PolicyViolation> {
            match intent.arguments_of::<note>() {
                Some((1,)) => Err(PolicyViolation::new("one is enough")),
                Some((2,)) => panic!("two is too many"),
                _ => Ok(()),
            }
        }
    }
    let ran = Ran::new();
    ran.scope()
        .policy(Grumpy)
        .run(|| {
            assert!(matches!(note::enqueue(1), Err(EnqueueError::Refused(..))));
            let panic = crate::support::panic_of(|| note::enqueue(2));
            assert_eq!(panic, "two is too many");
            note::enqueue(3)?;
            // The policy is still in force.
            assert!(matches!(note::enqueue(1), Err(EnqueueError::Refused(..))));
            Ok::<_, EnqueueError>(())
        })
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(ran.list(), ["note 3"]);
}

/// A policy that flushes what was sealed before would put effects where it judges.
#[test]
fn law_3_holds_for_a_sealed_scope_that_a_policy_flushes() {
    struct Hoarder(Mutex<Option<Sealed>>);
    impl Policy for Hoarder {
        fn on_enqueue(&self, _: &Intent) -> Result<(), PolicyViolation> {
            if let Some(sealed) = self.0.lock().expect("not poisoned").take() {
                let _handed_back = sealed.flush();
            }
            Ok(())
        }
    }
    let (_, sealed) = airlock::scope().seal(|| quiet::enqueue(1));
    let (_, outer) =
        airlock::scope().policy(Hoarder(Mutex::new(Some(sealed)))).seal(|| quiet::enqueue(2));
    let held: Vec<_> = outer.intents().map(ToString::to_string).collect();
    outer.discard();
    assert_eq!(held, ["it::support::quiet(n: 2)"]);
}

#[test]
fn law_7_the_counts_add_up_to_what_was_enqueued() {
    let (ran, reports) = (Ran::new(), Reports::new());
    let error = ran
        .scope()
        .policy(airlock::block_tasks![quiet])
        .on_report(reports.keep())
        .run(|| {
            note::enqueue(1)?;
            quiet::enqueue(2)?;
            fail::enqueue(3)?;
            quiet::enqueue(4)?;
            note::enqueue(5)
        })
        .expect_err("one fails");
    let expected = [
        "note: dispatched",
        "quiet: dropped by BlockTasks",
        "fail: failed: no luck with 3",
        "quiet: dropped by BlockTasks",
        "note: not attempted",
    ];
    assert_eq!(fates(error.report()), expected);
    assert_adds_up(error.report(), 5);
    assert_eq!(fates(&reports.only()), expected);
    assert_eq!(ran.list(), ["note 1", "fail 3"]);
}

#[test]
fn law_7_a_refused_enqueue_was_never_enqueued() {
    let reports = Reports::new();
    airlock::scope()
        .policy(airlock::block_tasks![quiet].refuse())
        .on_report(reports.keep())
        .run(|| assert!(quiet::enqueue(1).is_err(), "it is blocked"))
        .expect("nothing to flush");
    assert_adds_up(&reports.only(), 0);
}

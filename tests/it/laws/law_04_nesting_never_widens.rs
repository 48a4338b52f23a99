//! Law 4: **Nesting never widens.** Every policy in force where an intent was enqueued (local or a scope's,
//! this scope's or an enclosing one's) is asked at enqueue, innermost first, and asked again at flush, whoever
//! flushes it. Scopes decide WHEN, policies WHETHER, and the two never mix: releasing a nested scope's intents
//! early does not lift a policy, and neither does a queue: through engines, relays and any number of hops they
//! go along, or are refused.
//!
//! Through a queue it does not hold yet: an envelope carries no policies. A worker's own are in force where its
//! tasks run: `worker::effects`.

use airlock::{
    AllowAll, DropAll, EnqueueError, Intent, Policy, PolicyViolation, ThreadPool, Verdict,
    block_tasks, tasks,
};

use crate::cascades::{inline, nests};
use crate::support::{Ran, Reports, anote, fates, note, quiet};

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
fn a_sealed_scope_keeps_its_policies_wherever_it_is_flushed() {
    let ran = Ran::new();
    let (_, sealed) = airlock::scope().policy(DropAll).seal(|| note::enqueue(1));
    ran.scope().run(|| sealed.flush().map(drop)).expect("flushed").expect("captured");
    assert!(ran.list().is_empty());
}

fn here() -> airlock::Handle {
    airlock::current().expect("inside a scope")
}

#[test]
fn the_policies_where_the_handle_was_made_hold_wherever_it_is_used() {
    let ran = Ran::new();
    ran.scope()
        .policy(block_tasks![note].refuse())
        .run(|| {
            let scope = here();
            let local = airlock::policy(DropAll).run(here);
            std::thread::scope(|threads| {
                threads.spawn(|| {
                    let refused = scope.run(|| note::enqueue(1));
                    assert!(matches!(refused, Err(EnqueueError::Refused(..))));
                    scope.run(|| anote::enqueue(2)).expect("not blocked");
                    let refused = local.run(|| note::enqueue(3));
                    assert!(matches!(refused, Err(EnqueueError::Refused(..))));
                    local.run(|| anote::enqueue(4)).expect("dropped only at flush");
                });
            });
        })
        .expect("flushed");
    assert_eq!(ran.list(), ["anote 2"]);
}

#[test]
fn the_policies_around_the_use_of_a_handle_hold_too() {
    let ran = Ran::new();
    ran.scope()
        .run(|| {
            let scope = here();
            airlock::policy(block_tasks![note].refuse()).run(|| {
                assert!(matches!(scope.run(|| note::enqueue(1)), Err(EnqueueError::Refused(..))));
            });
            // Around a thread of its own, in another scope.
            std::thread::scope(|threads| {
                threads.spawn(|| {
                    let foreign = airlock::scope().policy(DropAll).run(|| {
                        scope.run(|| note::enqueue(2)).expect("accepted, and dropped at flush");
                        scope.run(|| assert_eq!(here().inspect().own().len(), 1));
                    });
                    foreign.expect("nothing of its own");
                });
            });
            note::enqueue(3)
        })
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(ran.list(), ["note 3"]);
}

#[test]
fn executors_apart_keep_the_policies_for_what_their_tasks_enqueue() {
    #[airlock::task]
    fn cascade(#[state] ran: &Ran) -> Result<(), airlock::EnqueueError> {
        ran.push("cascade");
        note::enqueue(1)?;
        quiet::enqueue(2)
    }
    let ran = Ran::new();
    let tasks = tasks![cascade, note, quiet];
    let pool = ThreadPool::builder()
        .threads(1)
        .state(ran.clone())
        .serving(tasks)
        .build()
        .expect("a thread");
    airlock::scope()
        .policy(airlock::block_tasks![note])
        .executor(pool)
        .run(cascade::enqueue)
        .expect("handed over")
        .expect("enqueued");
    assert_eq!(ran.list(), ["cascade"]);
}

#[test]
fn the_policies_of_a_task_judge_what_it_enqueues() {
    let ran = Ran::new();
    let inline = inline(&ran).build().expect("given");
    let (_, sealed) = airlock::scope()
        .executor(inline)
        .policy(airlock::Limit::per_flush(1))
        .seal(|| airlock::policy(airlock::block_tasks![note]).run(nests::enqueue));
    let report = sealed.flush().expect("flushed");
    assert_eq!(ran.list(), ["nests"]);
    assert_eq!(
        fates(&report),
        ["nests: dispatched", "note: dropped by BlockTasks", "note: dropped by BlockTasks"]
    );
}

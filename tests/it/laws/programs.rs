//! Random programs: scopes in scopes under policies, which enqueue, yield, fail, panic and are dropped.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use airlock::{DropAll, Intent, Limit, Report, Verdict};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use proptest::prelude::*;

use crate::support::{quiet, yield_once};

/// What a program does.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Enqueue,
    Yield,
    Local(Rule, Vec<Step>),
    Scope(Rule, End, Release, Vec<Step>),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    None,
    DropAll,
    DropOdd,
    Limit(usize),
    Refuse,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    Ok,
    Err,
    Panic,
    /// Only a future can be dropped; in sync code the scope is sealed and forgotten about.
    Dropped,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Release {
    None,
    All,
    Even,
}

pub(super) fn rule() -> impl Strategy<Value = Rule> {
    prop_oneof![
        4 => Just(Rule::None),
        1 => Just(Rule::DropAll),
        1 => Just(Rule::DropOdd),
        1 => (0_usize..4).prop_map(Rule::Limit),
        1 => Just(Rule::Refuse),
    ]
}

pub(super) fn end() -> impl Strategy<Value = End> {
    prop_oneof![4 => Just(End::Ok), 1 => Just(End::Err), 1 => Just(End::Panic), 1 => Just(End::Dropped)]
}

pub(super) fn release() -> impl Strategy<Value = Release> {
    prop_oneof![3 => Just(Release::None), 1 => Just(Release::All), 1 => Just(Release::Even)]
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    steps_releasing(release().boxed())
}

/// Without releases, which let an inner scope's intents arrive before those of the scopes between.
pub(super) fn steps_in_order() -> impl Strategy<Value = Vec<Step>> {
    steps_releasing(Just(Release::None).boxed())
}

pub(super) fn steps_releasing(release: BoxedStrategy<Release>) -> impl Strategy<Value = Vec<Step>> {
    let leaf = prop_oneof![4 => Just(Step::Enqueue), 1 => Just(Step::Yield)];
    let step = leaf.prop_recursive(4, 40, 6, move |inner| {
        let inner = prop::collection::vec(inner, 0..6);
        prop_oneof![
            (rule(), inner.clone()).prop_map(|(rule, inner)| Step::Local(rule, inner)),
            (rule(), end(), release.clone(), inner)
                .prop_map(|(rule, end, release, inner)| Step::Scope(rule, end, release, inner)),
        ]
    });
    prop::collection::vec(step, 0..8)
}

/// What is counted while a program runs.
#[derive(Clone, Default)]
pub(super) struct Tally(Arc<Mutex<Counts>>);

#[derive(Default)]
pub(super) struct Counts {
    pub(super) next: u64,
    pub(super) accepted: Vec<u64>,
    pub(super) executed: Vec<u64>,
    pub(super) reports: Vec<Report>,
}

impl Tally {
    pub(super) fn with<T>(&self, look: impl FnOnce(&mut Counts) -> T) -> T {
        look(&mut self.0.lock().expect("not poisoned"))
    }

    pub(super) fn enqueue(&self) {
        let n = self.with(|counts| {
            counts.next += 1;
            counts.next
        });
        if quiet::enqueue(n).is_ok() {
            self.with(|counts| counts.accepted.push(n));
        }
    }

    pub(super) fn scope(&self, rule: Rule, release: Release) -> airlock::Scope {
        let (executing, reporting) = (self.clone(), self.clone());
        let scope = airlock::scope()
            .executor(move |intent: Intent| {
                executing.with(|counts| counts.executed.push(number(&intent)));
                Ok::<_, std::convert::Infallible>(())
            })
            .on_report(move |report| reporting.with(|counts| counts.reports.push(report.clone())))
            .policy(rule.policy());
        match release {
            Release::None => scope,
            Release::All => scope.release_all(),
            Release::Even => scope.release(|intent| number(intent).is_multiple_of(2)),
        }
    }
}

fn number(intent: &Intent) -> u64 {
    intent.arguments_of::<quiet>().map_or(0, |(n,)| *n)
}

impl Rule {
    pub(super) fn policy(self) -> Box<dyn airlock::Policy> {
        match self {
            Self::None => Box::new(airlock::AllowAll),
            Self::DropAll => Box::new(DropAll),
            Self::DropOdd => {
                Box::new(
                    |intent: &Intent| {
                        if number(intent) % 2 == 1 { Verdict::Drop } else { Verdict::Allow }
                    },
                )
            }
            Self::Limit(limit) => Box::new(Limit::per_flush(limit)),
            Self::Refuse => Box::new(airlock::AssertNoEffects),
        }
    }
}

const ON_PURPOSE: &str = "on purpose";

pub(super) fn run(tally: &Tally, steps: &[Step]) {
    for step in steps {
        match step {
            Step::Enqueue => tally.enqueue(),
            Step::Yield => {}
            Step::Local(rule, inner) => {
                airlock::policy(rule.policy()).run(|| run(tally, inner));
            }
            Step::Scope(rule, End::Dropped, release, inner) => {
                let ((), undecided) = tally.scope(*rule, *release).seal(|| run(tally, inner));
                drop(undecided);
            }
            Step::Scope(rule, end, release, inner) => {
                let scope = tally.scope(*rule, *release);
                let _panic = catch_unwind(AssertUnwindSafe(|| {
                    scope.run(|| {
                        run(tally, inner);
                        finish(*end)
                    })
                }));
            }
        }
    }
}

pub(super) fn finish(end: End) -> Result<(), ()> {
    match end {
        End::Ok => Ok(()),
        End::Err => Err(()),
        // Without the hook: thousands of messages would help nobody.
        End::Panic | End::Dropped => std::panic::resume_unwind(Box::new(ON_PURPOSE)),
    }
}

pub(super) fn run_async<'a>(tally: &'a Tally, steps: &'a [Step]) -> LocalBoxFuture<'a, ()> {
    async move {
        for step in steps {
            match step {
                Step::Enqueue => tally.enqueue(),
                Step::Yield => yield_once().await,
                Step::Local(rule, inner) => {
                    airlock::policy(rule.policy()).run_async(run_async(tally, inner)).await;
                }
                Step::Scope(rule, end, release, inner) => {
                    let run = tally.scope(*rule, *release).run_async(async {
                        run_async(tally, inner).await;
                        if matches!(end, End::Dropped) {
                            std::future::pending::<()>().await;
                        }
                        finish(*end)
                    });
                    let mut run = Box::pin(AssertUnwindSafe(run).catch_unwind());
                    if matches!(end, End::Dropped) {
                        // As often as the inner may give way, and then never again.
                        for _ in 0..200 {
                            assert!(futures::poll!(&mut run).is_pending());
                        }
                    } else {
                        let _panic = run.await;
                    }
                }
            }
        }
    }
    .boxed_local()
}

/// Every intent that was accepted has one fate besides having been captured, and was carried out if
/// and only if that is to have been dispatched.
pub(super) fn check(tally: &Tally) -> Result<(), TestCaseError> {
    tally.with(|counts| {
        let mut final_fates = std::collections::BTreeMap::<u64, Vec<String>>::new();
        for report in &counts.reports {
            let sum = report.dispatched()
                + report.dropped()
                + report.discarded()
                + report.captured()
                + report.failed()
                + report.not_attempted();
            prop_assert_eq!(sum, report.enqueued());
            for entry in report.entries() {
                let n = entry.arguments()["n"].as_u64().expect("a number");
                if *entry.fate() != airlock::Fate::Captured {
                    final_fates.entry(n).or_default().push(entry.fate().to_string());
                }
            }
        }
        let accounted: Vec<_> = final_fates.keys().copied().collect();
        prop_assert_eq!(
            &accounted,
            &counts.accepted,
            "every intent is accounted for, and no other"
        );
        prop_assert!(
            final_fates.values().all(|fates| fates.len() == 1),
            "one fate each: {:?}",
            final_fates
        );
        let mut executed = counts.executed.clone();
        executed.sort_unstable();
        let dispatched = final_fates.iter().filter(|(_, fates)| fates[0] == "dispatched");
        let dispatched: Vec<_> = dispatched.map(|(n, _)| *n).collect();
        prop_assert_eq!(executed, dispatched);
        Ok(())
    })
}

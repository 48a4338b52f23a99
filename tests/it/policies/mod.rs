//! The built-in policies, their combinations, and what a flush remembers.

mod combinations;
mod lists;
mod memory;
mod memory_of_scopes;

use std::sync::Arc;

use airlock::{
    AllowAll, AssertNoEffects, DropAll, EnqueueError, Handle, Intent, LogOnFlush, Policy, Report,
    Verdict, block_tasks,
};

use crate::support::{fates, quiet};

mod warehouse {
    #[airlock::task]
    pub(crate) fn notify(order_id: u64) {
        let _ = order_id;
    }
}

#[airlock::task]
fn mail(order_id: u64, #[secret] token: String) {
    let _ = (order_id, token);
}

/// What becomes of one of each task under the policy.
fn judged(policy: impl Policy) -> Vec<String> {
    let collect = |_: Intent| Ok::<_, std::convert::Infallible>(());
    let (result, sealed) = airlock::scope().policy(policy).executor(collect).seal(|| {
        quiet::enqueue(1)?;
        mail::enqueue(2, "t0p".into())?;
        warehouse::notify::enqueue(3)
    });
    result.expect("enqueued");
    fates(&sealed.flush().expect("flushed"))
}

/// `d` for dispatched, `-` for dropped.
pub(crate) fn marks(policy: impl Policy) -> String {
    let mark = |fate: &String| if fate.ends_with("dispatched") { 'd' } else { '-' };
    judged(policy).iter().map(mark).collect()
}

#[track_caller]
fn refusal(policy: impl Policy) -> EnqueueError {
    let (result, sealed) = airlock::scope().policy(policy).seal(|| mail::enqueue(2, "t0p".into()));
    assert!(sealed.is_empty());
    result.expect_err("it is refused")
}

fn flush_numbers(policy: impl Policy, numbers: &[u64]) -> Report {
    let (result, sealed) = airlock::scope()
        .policy(policy)
        .seal(|| numbers.iter().try_for_each(|n| quiet::enqueue(*n)));
    result.expect("enqueued");
    sealed.flush().expect("flushed")
}

#[test]
fn the_constant_ones() {
    assert_eq!(marks(AllowAll), "ddd");
    assert_eq!(marks(DropAll), "---");
    assert_eq!(judged(DropAll)[0], "quiet: dropped by DropAll");
    assert_eq!(marks(LogOnFlush::default()), "ddd");
    let error = refusal(AssertNoEffects);
    let text = error.to_string();
    let expected = "`it::policies::mail(order_id: 2, token: [secret])` was refused by \
                    AssertNoEffects: no effects are expected here (";
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn inspecting_says_what_each_policy_would() {
    let (_, sealed) = airlock::scope()
        .policy(block_tasks![mail])
        .seal(|| airlock::policy(AllowAll).run(|| mail::enqueue(1, "t0p".into())));
    let inspection = sealed.inspect();
    let [only] = inspection.own() else { panic!("one intent") };
    assert_eq!(
        only.verdicts(),
        [("AllowAll".to_owned(), Verdict::Allow), ("BlockTasks".to_owned(), Verdict::Drop)]
    );
    assert_eq!(
        inspection.to_string(),
        "scope: 1 own, 0 captured\n  \
         #  task                arguments                     from  at a flush now\n  \
         1  it::policies::mail  order_id: 1, token: [secret]  own   dropped by BlockTasks"
    );
    sealed.discard();
}

/// Asks the scope that it judges for.
struct Inspects(Arc<std::sync::Mutex<Option<Handle>>>);

impl Policy for Inspects {
    fn allows(&self, _: &Intent) -> Verdict {
        let handle = self.0.lock().expect("not poisoned").clone();
        let inspection = handle.expect("given").inspect();
        assert!(inspection.own().is_empty(), "a policy sees nothing");
        Verdict::Allow
    }
}

#[test]
fn a_policy_that_inspects_its_own_scope_does_not_wait_for_itself() {
    let handle = Arc::default();
    airlock::scope()
        .policy(Inspects(Arc::clone(&handle)))
        .run(|| {
            quiet::enqueue(1).expect("enqueued");
            let current = airlock::current().expect("inside");
            *handle.lock().expect("not poisoned") = Some(current.clone());
            assert_eq!(current.inspect().own().len(), 1);
        })
        .expect("flushed");
}

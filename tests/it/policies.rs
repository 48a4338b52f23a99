//! The built-in policies, what can be combined, and what a flush remembers.

use std::sync::Arc;
use std::time::Duration;

use airlock::{
    AllowAll, AllowOnly, AssertNoEffects, BlockTasks, Coalesce, DropAll, EnqueueError, Intent,
    Limit, LogOnFlush, Policy, PolicyViolation, Report, TaskSet, Verdict, allow_only, block_tasks,
};

use crate::support::{fates, note, quiet};

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
fn marks(policy: impl Policy) -> String {
    let mark = |fate: &String| if fate.ends_with("dispatched") { 'd' } else { '-' };
    judged(policy).iter().map(mark).collect()
}

#[track_caller]
fn refusal(policy: impl Policy) -> EnqueueError {
    let (result, sealed) = airlock::scope().policy(policy).seal(|| mail::enqueue(2, "t0p".into()));
    assert!(sealed.is_empty());
    result.expect_err("it is refused")
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
fn a_block_list_drops_or_refuses_by_bare_and_quoted_paths() {
    assert_eq!(marks(block_tasks![mail, "warehouse::notify"]), "d--");
    assert_eq!(judged(block_tasks![mail])[1], "mail: dropped by BlockTasks");
    assert_eq!(marks(block_tasks![]), "ddd");
    let error = refusal(block_tasks![mail].refuse());
    let violation = error.violation().expect("a policy refused");
    assert_eq!(violation.policy(), Some("BlockTasks"));
    assert_eq!(violation.reason(), "the task is on the block list");
}

#[test]
fn an_allow_list_drops_or_refuses_the_rest() {
    assert_eq!(marks(allow_only![mail, crate::policies::warehouse::notify]), "-dd");
    assert_eq!(marks(allow_only![]), "---");
    let error = refusal(allow_only![quiet].refuse());
    assert_eq!(
        error.violation().map(PolicyViolation::reason),
        Some("the task is not on the allow list")
    );
    assert_eq!(error.violation().and_then(PolicyViolation::policy), Some("AllowOnly"));
}

#[test]
fn names_from_a_configuration_are_checked_all_at_once() {
    let names = vec!["it::policies::mail".to_owned(), "it::policies::warehouse::notify".to_owned()];
    assert_eq!(marks(BlockTasks::named(&names).expect("known")), "d--");
    assert_eq!(marks(AllowOnly::named(names).expect("known")), "-dd");
    let error = BlockTasks::named(["it::policies::mial", "it::policies::mail", "zzz"])
        .expect_err("unknown");
    let text = error.to_string();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert_eq!(
        lines[0],
        "no task is named `it::policies::mial`: did you mean `it::policies::mail`?"
    );
    assert!(lines[1].starts_with("no task is named `zzz`: check the name"), "{text}");
}

#[test]
fn a_set_is_by_identity_and_knows_its_members() {
    let set: TaskSet = airlock::tasks![mail, "warehouse::notify"];
    assert!(set.contains(mail::intent(1, String::new()).task()));
    assert!(!set.contains(quiet::intent(1).task()));
    let names: Vec<_> = set.iter().map(airlock::TaskInfo::name).collect();
    assert_eq!(names, ["it::policies::mail", "it::policies::warehouse::notify"]);
    assert_eq!(format!("{set:?}"), r#"{"it::policies::mail", "it::policies::warehouse::notify"}"#);
}

fn only_mail(intent: &Intent) -> Verdict {
    if intent.arguments_of::<mail>().is_some() { Verdict::Allow } else { Verdict::Drop }
}

#[test]
fn closures_and_functions_are_policies() {
    assert_eq!(marks(only_mail), "-d-");
    let fates = judged(|intent: &Intent| match intent.arguments_of::<quiet>() {
        Some((1,)) => Verdict::Drop,
        _ => Verdict::Allow,
    });
    assert_eq!(fates[1..], ["mail: dispatched", "notify: dispatched"]);
    assert!(fates[0].contains("closure in it::policies::closures_and_functions"), "{}", fates[0]);
}

#[test]
fn combinations_ask_their_members_in_order_and_name_the_one() {
    assert_eq!(marks((AllowAll, only_mail, DropAll)), "---");
    let fates = judged((AllowAll, block_tasks![mail], block_tasks![mail, quiet]));
    assert_eq!(
        fates,
        ["quiet: dropped by BlockTasks", "mail: dropped by BlockTasks", "notify: dispatched"]
    );
    assert_eq!(marks(vec![block_tasks![mail], block_tasks![quiet]]), "--d");
    assert_eq!(marks([block_tasks![mail], block_tasks![quiet]]), "--d");
    assert_eq!(marks(Vec::<DropAll>::new()), "ddd");
    assert_eq!(marks(Some(DropAll)), "---");
    assert_eq!(marks(None::<DropAll>), "ddd");
    let boxed: Vec<Box<dyn Policy>> = vec![Box::new(block_tasks![mail]), Box::new(AllowAll)];
    assert_eq!(marks(boxed), "d-d");
    assert_eq!(marks(Arc::new(DropAll)), "---");
    let shared: Arc<dyn Policy> = Arc::new(block_tasks![quiet]);
    assert_eq!(marks(shared), "-dd");
    assert_eq!(judged((AllowAll, (AllowAll, [DropAll])))[0], "quiet: dropped by DropAll");
    let error = refusal((AllowAll, vec![block_tasks![mail].refuse()], AssertNoEffects));
    assert_eq!(error.violation().and_then(PolicyViolation::policy), Some("BlockTasks"));
    assert_eq!((AllowAll, vec![DropAll]).name(), "(AllowAll, (DropAll))");
}

#[test]
fn a_second_policy_of_a_scope_is_one_more() {
    let (_, sealed) =
        airlock::scope().policy(block_tasks![quiet]).policy(block_tasks![note]).seal(|| {
            quiet::enqueue(1)?;
            note::enqueue(2)?;
            mail::enqueue(3, String::new())
        });
    let report = sealed.flush().expect("flushed");
    assert_eq!(report.dropped(), 2, "{report}");
}

fn flush_numbers(policy: impl Policy, numbers: &[u64]) -> Report {
    let (result, sealed) = airlock::scope()
        .policy(policy)
        .seal(|| numbers.iter().try_for_each(|n| quiet::enqueue(*n)));
    result.expect("enqueued");
    sealed.flush().expect("flushed")
}

#[test]
fn a_limit_lets_the_first_out_and_drops_the_rest() {
    let report = flush_numbers(Limit::per_flush(2), &[1, 2, 3]);
    assert_eq!(
        fates(&report),
        ["quiet: dispatched", "quiet: dispatched", "quiet: dropped by Limit"]
    );
    assert_eq!(flush_numbers(Limit::per_flush(0), &[1]).dropped(), 1);
}

#[test]
fn a_limit_does_not_count_what_an_inner_policy_dropped() {
    let drop_even = |intent: &Intent| match intent.arguments_of::<quiet>() {
        Some((n,)) if n % 2 == 0 => Verdict::Drop,
        _ => Verdict::Allow,
    };
    let report = flush_numbers((drop_even, Limit::per_flush(2)), &[0, 1, 2, 3, 5]);
    assert_eq!((report.dispatched(), report.dropped()), (2, 3));
    let (_, sealed) = airlock::scope().policy(Limit::per_flush(2)).seal(|| {
        airlock::policy(drop_even).run(|| [0, 1, 2, 3, 5].into_iter().try_for_each(quiet::enqueue))
    });
    let report = sealed.flush().expect("flushed");
    assert_eq!((report.dispatched(), report.dropped()), (2, 3));
}

#[test]
fn coalesce_lets_identical_intents_out_once_and_keeps_the_first() {
    let report = flush_numbers(Coalesce, &[1, 2, 1, 1, 3, 2]);
    assert_eq!((report.dispatched(), report.dropped()), (3, 3));
    assert_eq!(fates(&report)[2], "quiet: dropped by Coalesce");
    let (_, sealed) =
        airlock::scope().policy(Coalesce).executor(|_: Intent| Ok::<_, String>(())).seal(|| {
            quiet::enqueue(1)?;
            note::enqueue(1)?;
            quiet::intent(1).queue("bulk").enqueue()?;
            quiet::intent(1).delay(Duration::from_secs(1)).enqueue()?;
            mail::enqueue(1, "a".into())?;
            mail::enqueue(1, "b".into())
        });
    assert_eq!(sealed.flush().expect("flushed").dropped(), 0, "not one of them is like another");
}

#[derive(Clone, Debug, PartialEq)]
struct Plan(Vec<u8>);

struct Opaque;

#[airlock::task(local)]
fn draw(plan: Plan) {
    let Plan(lines) = plan;
    drop(lines);
}

#[airlock::task(local)]
fn bury(treasure: Opaque) {
    let Opaque = treasure;
}

#[test]
fn coalesce_compares_local_arguments_where_it_can() {
    let (_, sealed) = airlock::scope().policy(Coalesce).seal(|| {
        draw::enqueue(Plan(vec![1]))?;
        draw::enqueue(Plan(vec![2]))?;
        draw::enqueue(Plan(vec![1]))?;
        bury::enqueue(Opaque)?;
        bury::enqueue(Opaque)
    });
    let report = sealed.flush().expect("flushed");
    assert_eq!(
        fates(&report),
        [
            "draw: dispatched",
            "draw: dispatched",
            "draw: dropped by Coalesce",
            "bury: dispatched",
            "bury: dispatched",
        ]
    );
}

#[test]
fn every_flush_counts_from_zero_and_inspecting_does_not_count() {
    let shared: Arc<dyn Policy> = Arc::new((Limit::per_flush(2), Coalesce));
    for _ in 0..3 {
        let (_, sealed) = airlock::scope().policy(shared.clone()).seal(|| {
            for n in 0..4 {
                quiet::enqueue(n)?;
                let inspection = airlock::current().expect("inside").inspect();
                let passing = inspection.own().iter().filter(|own| own.passes()).count();
                assert_eq!(passing, inspection.own().len().min(2));
            }
            Ok::<_, EnqueueError>(())
        });
        let looks = [sealed.inspect(), sealed.inspect()];
        for inspection in &looks {
            let passes: Vec<_> = inspection.own().iter().map(airlock::Inspected::passes).collect();
            assert_eq!(passes, [true, true, false, false]);
        }
        assert_eq!(sealed.flush().expect("flushed").dispatched(), 2);
    }
}

#[test]
fn a_limit_in_force_at_several_places_counts_a_flush_once() {
    let (_, sealed) = airlock::scope().policy(Limit::per_flush(3)).seal(|| {
        quiet::enqueue(1)?;
        airlock::policy(AllowAll).run(|| quiet::enqueue(2))?;
        airlock::scope().policy(AllowAll).run(|| quiet::enqueue(3)).expect("captured")?;
        quiet::enqueue(4)
    });
    let report = sealed.flush().expect("flushed");
    assert_eq!((report.dispatched(), report.dropped()), (3, 1), "{report}");
}

#[test]
fn concurrent_flushes_under_one_policy_do_not_share_its_memory() {
    let shared = Arc::new((Limit::per_flush(50), Coalesce));
    std::thread::scope(|threads| {
        for _ in 0..4 {
            let shared = shared.clone();
            threads.spawn(move || {
                for _ in 0..20 {
                    let numbers: Vec<_> = (0..100).map(|n| n % 60).collect();
                    assert_eq!(flush_numbers(shared.clone(), &numbers).dispatched(), 50);
                }
            });
        }
    });
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

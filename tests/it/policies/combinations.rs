//! Closures, tuples, lists and several policies of one scope.

use std::sync::Arc;

use airlock::{
    AllowAll, AssertNoEffects, DropAll, Intent, Policy, PolicyViolation, Verdict, block_tasks,
};

use super::{judged, mail, marks, refusal};
use crate::support::{note, quiet};

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
    assert!(
        fates[0].contains("closure in it::policies::combinations::closures_and_functions"),
        "{}",
        fates[0]
    );
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

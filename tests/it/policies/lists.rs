//! Block lists, allow lists and task sets.

use airlock::{PolicyViolation, TaskSet, allow_only, block_tasks};

use super::{judged, mail, marks, refusal};
use crate::policies::warehouse;
use crate::support::quiet;

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
fn a_set_is_by_identity_and_knows_its_members() {
    let set: TaskSet = airlock::tasks![mail, "warehouse::notify"];
    assert!(set.contains(mail::intent(1, String::new()).task()));
    assert!(!set.contains(quiet::intent(1).task()));
    let names: Vec<_> = set.iter().map(airlock::TaskInfo::name).collect();
    assert_eq!(names, ["it::policies::mail", "it::policies::warehouse::notify"]);
    assert_eq!(format!("{set:?}"), r#"{"it::policies::mail", "it::policies::warehouse::notify"}"#);
}

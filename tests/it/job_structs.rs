//! Job structs that are tasks: `#[derive(airlock::Task)]`.

use std::time::SystemTime;

use airlock::envelope::Envelope;
use airlock::{Task as _, assert_effects, assert_enqueued, assert_not_enqueued, block_tasks};
use serde::{Deserialize, Serialize};

/// As programs with a job table of their own have it.
trait BackgroundJob: Serialize {
    const JOB_NAME: &'static str;

    fn enqueue(&self, _table: &mut Vec<String>) {}
}

#[derive(Clone, Serialize, Deserialize, airlock::Task)]
#[task(name = <Self as BackgroundJob>::JOB_NAME, queue = "index", max_attempts = 3)]
struct SyncToGitIndex {
    krate: String,
    #[task(secret)]
    token: String,
}

impl BackgroundJob for SyncToGitIndex {
    const JOB_NAME: &'static str = "job_structs.sync_to_git_index";
}

#[derive(Serialize, Deserialize, airlock::Task)]
#[task(name = "job_structs.squash_index")]
struct SquashIndex {}

#[derive(Debug, PartialEq, Serialize, Deserialize, airlock::Task)]
#[task(name = "job_structs.process_log")]
#[serde(rename_all = "camelCase")]
struct ProcessLog {
    bucket_path: String,
    #[serde(rename = "from")]
    region: Option<String>,
    #[serde(default)]
    copies: u8,
    #[task(default = 7)]
    r#type: u8,
}

fn sync() -> SyncToGitIndex {
    SyncToGitIndex { krate: "serde".into(), token: "t0p".into() }
}

#[test]
fn each_is_seen_by_policies_and_assertions_under_its_name() {
    let ((), effects) = airlock::testing::capture(|| {
        sync().intent().enqueue().expect("enqueued");
        SquashIndex {}.intent().enqueue().expect("enqueued");
    });
    assert_enqueued!(effects, SyncToGitIndex { krate: "serde".into(), token: "t0p".into() });
    assert_enqueued!(effects, SyncToGitIndex(sync()));
    assert_enqueued!(effects, SquashIndex);
    assert_not_enqueued!(effects, SyncToGitIndex { krate: "tokio".into(), token: "t0p".into() });
    assert_not_enqueued!(effects, ProcessLog);
    assert_effects!(effects, [SyncToGitIndex(sync()), SquashIndex(SquashIndex {})]);

    let ((), sealed) =
        airlock::scope().policy(block_tasks![SyncToGitIndex, "SquashIndex"]).seal(|| {
            sync().intent().enqueue().expect("enqueued");
            SquashIndex {}.intent().enqueue().expect("enqueued");
        });
    assert_eq!(sealed.flush().expect("nothing is left").dropped(), 2);
}

#[test]
fn the_name_and_the_method_that_a_job_has_already_stay() {
    assert_eq!(SyncToGitIndex::NAME, "job_structs.sync_to_git_index");
    sync().enqueue(&mut Vec::new());
    let info = sync().intent().task();
    assert_eq!((info.queue(), info.max_attempts()), (Some("index"), Some(3)));
    assert!(info.is_elsewhere());
    assert_eq!(
        sync().intent().to_string(),
        r#"job_structs.sync_to_git_index(krate: "serde", token: [secret])"#
    );
}

#[test]
fn the_wire_has_what_serde_makes_of_the_struct() {
    let log = || ProcessLog { bucket_path: "a/b".into(), region: None, copies: 2, r#type: 1 };
    let envelope = Envelope::of(&log().intent(), SystemTime::now()).expect("encoded");
    let json = envelope.arguments();
    assert_eq!(json, serde_json::to_string(&log()).expect("serialised"));
    assert_eq!(serde_json::from_str::<ProcessLog>(json).expect("read"), log());
}

#[test]
fn a_job_without_fields_is_an_object_as_well() {
    let envelope = Envelope::of(&SquashIndex {}.intent(), SystemTime::now()).expect("encoded");
    assert_eq!(envelope.arguments(), serde_json::to_string(&SquashIndex {}).expect("serialised"));
    serde_json::from_str::<SquashIndex>(envelope.arguments()).expect("read");
}

#[test]
fn none_runs_here() {
    let failed = airlock::scope().run(|| sync().intent().enqueue()).expect_err("it has no body");
    let said = failed.to_string();
    assert!(said.contains("`job_structs.sync_to_git_index` ("), "{said}");
    assert!(
        said.contains("has no body to run in this process: hand it to the queue that runs it"),
        "{said}"
    );
    assert!(!said.contains("t0p"), "{said}");
}

//! A worker that does not know a policy gives the message back, and never runs it without.

use std::time::{Duration, SystemTime};

use airlock::envelope::Envelope;
use airlock::worker::Settlement;
use airlock::{Intent, Policy, scope};
use serde::{Deserialize, Serialize};

use super::Texts;
use super::hops::ship;

const SINCE: Duration = Duration::from_mins(10);

/// A message under a policy, of a while ago, due at a time.
fn message(policies: &str, due: Option<SystemTime>) -> Envelope {
    message_of(&ship::intent(1), policies, due)
}

fn message_of(intent: &Intent, policies: &str, due: Option<SystemTime>) -> Envelope {
    let sent = SystemTime::now() - SINCE;
    let envelope = Envelope::of(intent, sent).expect("it has JSON").with_at(due);
    let text = String::from_utf8(envelope.to_json()).expect("UTF-8");
    let text = text.strip_suffix('}').expect("an object").replacen(":1,", ":2,", 1);
    let text = format!(r#"{text},"policies":{policies}}}"#);
    Envelope::from_json(text.as_bytes()).expect("an envelope")
}

async fn settled(message: &Envelope, unknown_for: Duration) -> Settlement {
    let texts = Texts::default();
    let worker = texts.worker().unknown_for(unknown_for).build().expect("a worker");
    let settled = worker.perform(message, 1).await;
    assert!(texts.take().is_empty(), "it did not run");
    settled
}

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn the_message_is_given_back_for_longer_and_longer() {
    let unknown =
        r#"[{"name":"BlockTasks","settings":{"tasks":[]}},{"name":"up-too","settings":1}]"#;
    let waits = [(None, 295..=300), (Some(SystemTime::now()), 1..=1)];
    for (due, expected) in waits {
        let Settlement::Retry { after, reason: None } = settled(&message(unknown, due), HOUR).await
        else {
            panic!("no attempt counts")
        };
        assert!(expected.contains(&after.as_secs()), "{after:?}");
    }
}

#[tokio::test]
async fn in_the_end_it_is_a_dead_letter_that_says_all_of_it() {
    let unknown = r#"[{"name":"up-too","settings":1}]"#;
    let settled = settled(&message(unknown, None), Duration::from_mins(5)).await;
    let Settlement::Dead { reason } = settled else { panic!("{settled:?}") };
    assert_eq!(
        reason,
        "it travels under the policy `up-too`, and this binary can't put that in force: no policy of that name \
         (`up-to` is near); link the crate that registers it with `#[airlock::travels]`, or leave the message to a \
         worker that does (it was given back for 300s)"
    );
}

/// The same of what is no list, of settings that are no longer what they were, and of names that two have.
#[tokio::test]
async fn what_can_t_be_read_is_not_run_either() {
    for (policies, why) in [
        ("7", "invalid type: integer, expected a sequence"),
        (r#"[{"settings":1}]"#, "missing field `name`"),
        (r#"[{"name":"up-to","settings":{"order":"seven"}}]"#, "its settings: invalid type"),
        (
            r#"[{"name":"up-to","settings":{"order":"s3cret"}}]"#,
            "invalid type: string, expected u64",
        ),
        ("[{\"name\":\"a\\u001b\\nb\"}]", "the policy `a\\u{1b}\\nb`"),
        (r#"[{"name":"BlockTasks"}]"#, "its settings: invalid type: null"),
        (r#"[{"name":"twice"}]"#, "two policies of that name, at tests/it"),
        (r#"[{"name":"panics"}]"#, "reading its policies panicked: no settings"),
    ] {
        let settled = settled(&message(policies, None), Duration::ZERO).await.to_string();
        assert!(settled.contains(why), "{policies}: {settled}");
    }
}

#[test]
fn a_later_version_is_refused() {
    let text = br#"{"airlock": 3, "policies": []}"#;
    let error = Envelope::from_json(text).expect_err("of a later version").to_string();
    assert!(
        error.ends_with("it is of version 3, and this binary reads up to 2: update the worker")
    );
}

/// Called otherwise in another version of the program.
#[airlock::task(name = "travelling.new_name", also = ["travelling.old_name"])]
fn called() {}

#[airlock::task(name = "travelling.calls")]
fn calls() -> Result<(), airlock::EnqueueError> {
    called::enqueue()
}

/// The list of an older binary has the older name, and an older binary finds that in the list of a newer one.
#[tokio::test]
async fn a_list_knows_tasks_by_the_names_that_they_had() {
    for (policies, sent) in [
        (r#"[{"name":"BlockTasks","settings":{"tasks":["travelling.old_name"]}}]"#, 0),
        (r#"[{"name":"AllowOnly","settings":{"tasks":["travelling.old_name"]}}]"#, 1),
        (r#"[{"name":"AllowOnly","settings":{"tasks":["travelling.new"]}}]"#, 0),
    ] {
        let texts = Texts::default();
        let message = message_of(&calls::intent(), policies, None);
        let worker = texts.worker().serving(airlock::tasks![calls, called]).build();
        let settled = worker.expect("a worker").perform(&message, 1).await;
        assert_eq!((settled, texts.take().len()), (Settlement::Done, sent), "{policies}");
    }
    let texts = Texts::default();
    texts.send(airlock::block_tasks![called], || calls::enqueue()).await;
    let both = r#"{"tasks":["travelling.new_name","travelling.old_name"]}"#;
    assert!(texts.take()[0].policies().expect("one").contains(both));
}

#[derive(Serialize, Deserialize)]
struct One;

#[derive(Serialize, Deserialize)]
struct Other;

#[airlock::travels(name = "twice")]
impl Policy for One {}

#[airlock::travels(name = "twice")]
impl Policy for Other {}

#[derive(Serialize)]
struct Panics;

impl<'de> Deserialize<'de> for Panics {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        panic!("no settings")
    }
}

#[airlock::travels(name = "panics")]
impl Policy for Panics {}

#[test]
fn they_are_policies_here_all_the_same() {
    let ran = scope().policy((One, Other, Panics)).run(|| ());
    ran.expect("flushed");
}

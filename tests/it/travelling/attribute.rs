//! Policies of the program's that travel.

use std::sync::atomic::{AtomicU64, Ordering};

use airlock::{Intent, Policy, PolicyViolation, TravellingPolicy, Verdict, scope};
use serde::{Deserialize, Serialize};

use super::Texts;
use super::hops::{mail_later, ship};

#[derive(Clone, Serialize, Deserialize)]
struct UpTo {
    order: u64,
    tasks: Vec<String>,
}

#[airlock::travels(name = "up-to")]
impl Policy for UpTo {
    fn on_enqueue(&self, intent: &Intent) -> Result<(), PolicyViolation> {
        match intent.name() {
            "travelling.mail_later" => Err(PolicyViolation::new("not later")),
            _ => Ok(()),
        }
    }

    fn allows(&self, intent: &Intent) -> Verdict {
        let listed = self.tasks.iter().any(|task| task == intent.name());
        match intent.arguments()["_order"].as_u64().or(intent.arguments()["order"].as_u64()) {
            Some(order) if listed && order > self.order => Verdict::Drop,
            _ => Verdict::Allow,
        }
    }
}

/// A unit, under its path.
#[derive(Serialize, Deserialize)]
struct Counts;

static COUNTED: AtomicU64 = AtomicU64::new(0);

#[airlock::travels]
impl airlock::Policy for Counts {
    fn allows(&self, _: &Intent) -> Verdict {
        COUNTED.fetch_add(1, Ordering::Relaxed);
        Verdict::Allow
    }
}

#[tokio::test]
async fn they_judge_with_their_settings_elsewhere() {
    let texts = Texts::default();
    let up_to = UpTo { order: 7, tasks: vec!["travelling.audit".to_owned()] };
    texts.send(up_to.clone(), || ship::enqueue(8)).await;
    let message = texts.take().remove(0);
    let policies = r#"[{"name":"up-to","settings":{"order":7,"tasks":["travelling.audit"]}}]"#;
    assert_eq!(message.policies(), Some(policies));
    let worker = texts.worker().max_attempts(1).build().expect("a worker");
    let settled = worker.perform(&message, 1).await.to_string();
    assert!(settled.contains("UpTo: not later"), "{settled}");
    assert!(texts.take().is_empty());

    let refused = scope().policy(up_to).seal(|| mail_later::enqueue(8)).0;
    assert!(refused.is_err(), "it judges here as well");
}

#[tokio::test]
async fn a_unit_has_no_settings_and_its_path_for_a_name() {
    assert_eq!(Counts::NAME, "it::travelling::attribute::Counts");
    let texts = Texts::default();
    texts.send(Counts, || ship::enqueue(8)).await;
    let counted = COUNTED.load(Ordering::Relaxed);
    assert_eq!(texts.drain().await.len(), 5);
    // Three that are enqueued by the first, and one by the second.
    assert_eq!(COUNTED.load(Ordering::Relaxed) - counted, 4);
}

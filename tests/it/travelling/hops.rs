//! Any number of processes.

use airlock::{AllowAll, InScope, Policy, allow_only, block_tasks, policy, scope};

use super::{Texts, served};

#[airlock::task(name = "travelling.mail")]
pub(super) fn mail(_order: u64) {}

#[airlock::task(name = "travelling.audit")]
pub(super) fn audit(_order: u64) {}

/// A mail by way of another message.
#[airlock::task(name = "travelling.mail_later")]
pub(super) fn mail_later(order: u64) -> Result<(), airlock::EnqueueError> {
    mail::enqueue(order)
}

#[airlock::task(name = "travelling.ship")]
pub(super) async fn ship(order: u64) -> Result<(), airlock::EnqueueError> {
    mail::enqueue(order)?;
    mail_later::enqueue(order)?;
    audit::enqueue(order)
}

#[airlock::task(name = "travelling.ship_all")]
pub(super) fn ship_all(orders: Vec<u64>) -> Result<(), airlock::EnqueueError> {
    orders.into_iter().try_for_each(ship::enqueue)
}

/// What ran in the end, of two orders under a policy.
async fn ran_under(policy: impl Policy) -> Vec<String> {
    let texts = Texts::default();
    texts.send(policy, || ship_all::enqueue(vec![1, 2])).await;
    let ran = texts.drain().await;
    ran.into_iter().map(|name| name.replace("travelling.", "")).collect()
}

#[tokio::test]
async fn what_a_policy_blocks_runs_in_no_process() {
    let all =
        ["ship_all", "ship", "ship", "mail", "mail_later", "audit", "mail", "mail_later", "audit"];
    assert_eq!(ran_under(AllowAll).await, [&all[..], &["mail", "mail"]].concat());
    let without_mails = ["ship_all", "ship", "ship", "mail_later", "audit", "mail_later", "audit"];
    assert_eq!(ran_under(block_tasks![mail]).await, without_mails);
    let only = allow_only![ship_all, ship, audit];
    assert_eq!(ran_under(only).await, ["ship_all", "ship", "ship", "audit", "audit"]);
}

#[tokio::test]
async fn a_policy_that_refuses_does_so_in_every_process() {
    let texts = Texts::default();
    let refusing = block_tasks![mail].refuse();
    texts.send(refusing, || mail_later::enqueue(1)).await;
    let [message] = &texts.take()[..] else { panic!("one was sent") };
    let worker = texts.worker().max_attempts(1).build().expect("a worker");
    let settled = worker.perform(message, 1).await.to_string();
    assert!(settled.contains("BlockTasks: the task is on the block list"), "{settled}");
}

#[tokio::test]
async fn all_of_them_travel_wherever_they_are_in_force() {
    let texts = Texts::default();
    let both = (AllowAll, block_tasks![mail]);
    let nested = || {
        let inner = scope()
            .policy(Some(block_tasks![audit]))
            .run(|| policy(airlock::LogOnFlush::default()).run(|| ship::enqueue(1)));
        inner.expect("captured").expect("enqueued");
        let here = airlock::current().expect("a scope");
        policy(allow_only![ship, audit]).run(|| here.run(|| ship::enqueue(2)))
    };
    texts.send(both, nested).await;
    let messages = texts.take();
    let policies: Vec<_> = messages.iter().map(|message| message.policies()).collect();
    assert_eq!(
        policies,
        [
            Some(concat!(
                r#"[{"name":"BlockTasks","settings":{"tasks":["travelling.audit"]}},"#,
                r#"{"name":"BlockTasks","settings":{"tasks":["travelling.mail"]}}]"#
            )),
            Some(concat!(
                r#"[{"name":"AllowOnly","settings":{"tasks":["travelling.audit","travelling.ship"]}},"#,
                r#"{"name":"BlockTasks","settings":{"tasks":["travelling.mail"]}}]"#
            )),
        ]
    );
}

#[tokio::test]
async fn a_future_in_a_scope_takes_its_policies_along() {
    let texts = Texts::default();
    let flushed = scope().policy(block_tasks![mail]).executor(texts.clone()).run_async(async {
        let here = airlock::current().expect("a scope");
        tokio::spawn(async { ship::enqueue(1) }.in_scope(here)).await.expect("no panic")
    });
    flushed.await.expect("flushed").expect("enqueued");
    assert_eq!(
        texts.drain().await,
        ["travelling.ship", "travelling.mail_later", "travelling.audit"]
    );
}

#[test]
fn a_message_under_none_is_as_it_always_was() {
    let texts = Texts::default();
    let free = scope().policy(AllowAll).executor(texts.clone()).run(|| audit::enqueue(1));
    free.expect("flushed").expect("enqueued");
    let restricted = scope().policy(block_tasks![mail]).executor(texts.clone());
    restricted.run(|| audit::enqueue(1)).expect("flushed").expect("enqueued");
    let texts: Vec<_> = texts.take().iter().map(super::Envelope::to_json).collect();
    let texts: Vec<_> = texts.iter().map(|text| String::from_utf8_lossy(text)).collect();
    assert!(
        texts[0].starts_with(r#"{"airlock":1,"#) && !texts[0].contains("policies"),
        "{}",
        texts[0]
    );
    // A binary that would run it without them has to refuse it.
    assert!(
        texts[1].starts_with(r#"{"airlock":2,"#) && texts[1].contains("policies"),
        "{}",
        texts[1]
    );
}

/// Each worker has the policy of its own that the messages have already.
#[tokio::test]
async fn the_same_policy_is_in_a_message_once() {
    let texts = Texts::default();
    let quiet = || block_tasks![audit];
    texts.send(quiet(), || ship::enqueue(1)).await;
    let worker = texts.worker().policy(quiet()).build().expect("a worker");
    let first = texts.take();
    worker.perform(&first[0], 1).await;
    for message in texts.take() {
        assert_eq!(message.policies(), first[0].policies());
    }
}

/// What holds for one run only is no boundary of what that enqueues.
#[tokio::test]
async fn a_worker_that_blocks_reentry_blocks_it_for_the_run() {
    let texts = Texts::default();
    texts.send(AllowAll, || ship::enqueue(1)).await;
    let worker = texts.worker().block_reentry().build().expect("a worker");
    worker.perform(&texts.take()[0], 1).await;
    assert!(texts.take().iter().all(|message| message.policies().is_none()));
}

#[tokio::test]
async fn under_a_policy_against_all_effects_a_task_has_none() {
    let texts = Texts::default();
    texts.send(AllowAll, || ship::enqueue(1)).await;
    let message = texts.take().remove(0);
    for (policy, says) in [("DropAll", ""), ("AssertNoEffects", "no effects are expected here")] {
        let text = String::from_utf8(message.to_json()).expect("UTF-8");
        let policies = format!(r#","policies":[{{"name":"{policy}"}}]}}"#);
        let text =
            text.replacen("\"airlock\":1", "\"airlock\":2", 1).replace("Z\"}", "Z\"") + &policies;
        let message = super::Envelope::from_json(text.as_bytes()).expect("an envelope");
        let worker = airlock::worker().executor(texts.clone()).serving(served()).max_attempts(1);
        let settled = worker.build().expect("a worker").perform(&message, 1).await.to_string();
        assert!(settled.contains(says), "{settled}");
        assert!(texts.take().is_empty());
    }
}

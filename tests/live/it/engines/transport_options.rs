//! Celery's transport options that decide where messages lie in Redis, set on both sides, on one, and badly.

use std::panic::{AssertUnwindSafe, catch_unwind};

use airlock::celery::Redis;
use airlock::worker::DeadLetters;
use redis::AsyncCommands;
use serde_json::{Value, json};
use tokio::time::{Duration, sleep};

use super::fixture::{Fixture, flush, note};
use super::python_tasks::{send_from_celery, warehouse_notify};
use crate::log::Log;
use crate::place::eventually;
use crate::python::Worker as Python;
use crate::{servers, unique};

/// A prefix of the test's own, and Celery's options with it.
fn options() -> (String, Value) {
    let prefix = format!("{}_", unique::name("shop"));
    let options = json!({
        "global_keyprefix": prefix,
        "sep": ":",
        "priority_steps": (0..10).collect::<Vec<_>>(),
    });
    (prefix, options)
}

async fn connected() -> Redis {
    Redis::connect(&servers::redis_url()).await.expect("connected")
}

fn with_options(celery: Redis, prefix: &str) -> Redis {
    celery
        .global_keyprefix(prefix)
        .sep(":")
        .priority_steps(0..10)
        .lost_after(Duration::from_secs(3))
}

/// Sends what Python code with these options would.
fn send(queue: &str, options: &Value, script: &str) {
    let script = format!(
        "import json\napp.conf.broker_transport_options = json.loads({:?})\n{script}",
        options.to_string()
    );
    send_from_celery(&servers::redis_url(), queue, &script);
}

/// The keys of a queue, under whatever prefix.
async fn keys(queue: &str) -> Vec<String> {
    let client = redis::Client::open(servers::redis_url()).expect("a URL");
    let mut connection = client.get_multiplexed_async_connection().await.expect("connected");
    connection.keys(format!("*{queue}*")).await.expect("keys")
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn python_runs_what_rust_sent() {
    let (prefix, options) = options();
    let python = Python::celery_with(&servers::redis_url(), &options).await;
    let celery = with_options(connected().await, &prefix).queue(python.queue());
    // One for each step.
    let priorities = (0..10_u8).map(|tenth| 255 - tenth * 26);
    let intents =
        priorities.map(|priority| warehouse_notify::intent(priority.into()).priority(priority));
    flush(&celery, intents).await.expect("flushed");
    let received = python.received(10).await;
    let mut priorities: Vec<_> =
        received.iter().map(|event| event["priority"].as_u64().expect("a number")).collect();
    priorities.sort_unstable();
    assert_eq!(priorities, (0..10).collect::<Vec<_>>());
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn rust_runs_what_python_sent() {
    let (prefix, options) = options();
    let mut fixture = Fixture::<Redis>::new().await;
    fixture.engine = with_options(fixture.engine.clone(), &prefix);
    send(
        fixture.queue(),
        &options,
        "for n in range(10): app.send_task('engines.note', args=[n], priority=n)\n\
         app.send_task('engines.fail', args=[10, 9], priority=9)\n\
         app.send_task('engines.note', args=[11], countdown=1, priority=9)\n",
    );
    fixture.send([note::intent(12).unique_key("key")]).await;
    // A worker that is lost with the tenth list's messages gives them back to it.
    let lost = fixture.open().await;
    assert_eq!(lost.take(13).await.len(), 13);
    drop(lost);
    let all = async || fixture.runs.count() >= 15 && !fixture.letters().await.is_empty();
    let served = fixture.serve(all).await;
    assert_eq!((served.done, served.dead), (12, 1));
    let letter = fixture.letter().await;
    assert!(fixture.engine.retry(&letter.id).await.expect("retried"));
    let keys = keys(fixture.queue()).await;
    let back = format!("{prefix}{}:9", fixture.queue());
    assert!(keys.contains(&back), "it is in the list that it came from: {keys:?}");
    assert!(keys.iter().all(|key| key.starts_with(&prefix)), "{keys:?}");
}

/// What either side would say nothing of.
#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn messages_that_lie_elsewhere_are_warned_of_with_the_setting() {
    let (log, _guard) = Log::begin();
    let (prefix, options) = options();
    let fixture = Fixture::<Redis>::new().await;
    let queue = fixture.queue();
    send(queue, &options, "app.send_task('engines.note', args=[1], priority=5)");
    let warned = |part: &str| {
        let lines = log.lines_with(queue);
        lines.iter().filter(|line| line.contains("WARN") && line.contains(part)).count()
    };
    let serve = async |celery: &Redis| {
        let worker = fixture.worker();
        let opened = async || {
            sleep(Duration::from_millis(500)).await;
            true
        };
        fixture.serve_with(worker, celery, opened).await;
    };

    // Both are others.
    let setting = format!("set `.global_keyprefix({prefix:?})` and `.sep(\":\")`");
    fixture.send([note::intent(2)]).await;
    eventually("the flush is warned of", async || warned(&setting) == 1).await;
    let lies = format!("Celery's messages of queue `{queue}` lie under `{prefix}{queue}:9`");
    assert_eq!(warned(&lies), 1);
    fixture.send([note::intent(3)]).await;
    serve(&fixture.engine).await;
    assert_eq!(warned("lie under"), 1, "once");

    // The prefix is the same.
    let same_prefix = fixture.engine.clone().global_keyprefix(&*prefix);
    serve(&same_prefix).await;
    assert_eq!(warned(": set `.sep(\":\")`"), 1, "{:?}", log.lines_with(queue));

    // The steps are others.
    let same_names = same_prefix.sep(":");
    serve(&same_names).await;
    let lies = format!("lie under `{prefix}{queue}:5`, where this handle does not look");
    assert_eq!(warned(&lies), 1, "{:?}", log.lines_with(queue));
    assert_eq!(warned("set `.priority_steps([0, 3, 5, 6, 9])`"), 1);

    // All is the same.
    let said = log.lines_with(queue).len();
    let celery = with_options(fixture.engine.clone(), &prefix);
    serve(&celery).await;
    flush(&celery, [note::intent(4)]).await.expect("flushed");
    sleep(Duration::from_millis(500)).await;
    assert_eq!(log.lines_with(queue).len(), said);
    println!("{said} warnings: {:#?}", log.lines_with(queue));
}

/// Messages come into such a list when the worker runs already.
#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_running_worker_warns_too() {
    let (log, _guard) = Log::begin();
    let fixture = Fixture::<Redis>::new().await;
    let queue = fixture.queue();
    let warned = async || !log.lines_with("set `.priority_steps([0, 3, 6, 7, 9])`").is_empty();
    let sent = async || {
        if fixture.runs.count() == 0 {
            return false;
        }
        let options = json!({"priority_steps": (0..10).collect::<Vec<_>>()});
        if keys(queue).await.iter().all(|key| !key.ends_with('7')) {
            send(queue, &options, "app.send_task('engines.note', args=[1], priority=7)");
        }
        warned().await
    };
    fixture.send([note::intent(1)]).await;
    fixture.serve(sent).await;
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn bad_values_are_refused_by_name() {
    let celery = connected().await;
    let refused = |set: &dyn Fn(Redis) -> Redis, said: &str| {
        let celery = celery.clone();
        let panic = catch_unwind(AssertUnwindSafe(|| set(celery))).expect_err("refused");
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        let text = text.expect("a text");
        assert!(text.contains(said), "{text}");
    };
    refused(&|celery| celery.sep(""), "`sep` can't be empty: write Celery's");
    refused(&|celery| celery.priority_steps([]), "`priority_steps`: there is no step: write");
    refused(&|celery| celery.priority_steps([0, 10]), "nothing lies under 10: leave it out");
    refused(&|celery| celery.priority_steps([3, 0]), "0 comes after 3: write them in order");
    let error = flush(&celery.sep(":"), [note::intent(1).queue("a:b")]).await.expect_err("refused");
    assert!(error.to_string().contains("the name `a:b` contains \":\""), "{error}");
}

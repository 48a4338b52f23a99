//! Messages that are unusual, and not wrong; and wrong ones, whose reasons fit.

use airlock::celery::Redis;
use airlock::worker::DeadLetters;
use airlock::{apalis, tasks};
use airlock_live::Engine;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::engines::fixture::{Fixture, Runs, note};
use crate::faults::tell;

const FORTY_DIGITS: &str = "1234567890123456789012345678901234567890";

/// Keeps a value of any kind.
#[airlock::task(name = "odd.keep")]
fn keep(#[state] runs: &Runs, number: u64, value: Value) {
    drop(value);
    runs.note(number);
}

#[airlock::task(name = "odd.wide")]
fn wide(#[state] runs: &Runs, number: u64, wide: u128, float: f64) {
    assert_eq!((wide, float), (u128::MAX, 1e22));
    runs.note(number);
}

/// Of the task, with a body that is written as it is; the fields of `change` are set in it.
fn message(task: &str, body: &str, change: &Value) -> String {
    let mut message = json!({
        "body": BASE64_STANDARD.encode(body),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {"lang": "py", "task": task, "id": task},
        "properties": {"body_encoding": "base64"},
    });
    for (path, value) in change.as_object().into_iter().flatten() {
        let (parent, name) = path.rsplit_once('/').expect("a path");
        message.pointer_mut(parent).expect("it is there")[name] = value.clone();
    }
    message.to_string()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn celery_redis() {
    let fixture = Fixture::<Redis>::new().await;
    let put = async |message: String| {
        fixture.engine.put(&fixture.place.url, fixture.queue(), message.as_bytes()).await;
    };
    let body = |number: u64| format!("[[{number}], {{}}, {{}}]");
    let of_note = |number, change| message("engines.note", &body(number), &change);

    // What can be read runs.
    let broken = BASE64_STANDARD.encode(body(5)).replace('W', "\nW");
    for (number, change) in [
        (1, json!({"/content-encoding": null})),
        (2, json!({"/content-encoding": "us-ascii"})),
        (3, json!({"/headers/expires": "9999-12-31T23:59:59.999999+00:00"})),
        (4, json!({"/headers/eta": "", "/headers/expires": "9999-12-31"})),
        (5, json!({"/body": broken})),
        (6, json!({"/body": body(6), "/properties/body_encoding": null})),
    ] {
        put(of_note(number, change)).await;
    }
    let kept = format!("[[7], {{\"wide\": {}, \"float\": 1{}}}, {{}}]", u128::MAX, "0".repeat(22));
    put(message("odd.wide", &kept, &json!({}))).await;
    let nested = format!("[[8, [\"{FORTY_DIGITS}\", 18446744073709551615]], {{}}, {{}}]");
    put(message("odd.keep", &nested, &json!({}))).await;
    // It is never due.
    put(of_note(99, json!({"/headers/eta": "9999-12-31T23:59:59.999999"}))).await;

    // The rest is kept, with reasons.
    let long = format!("[[9, {{\"deep\": [{FORTY_DIGITS}]}}], {{}}, {{}}]");
    put(message("odd.keep", &long, &json!({}))).await;
    let inexact = format!("[[10, {}, 9007199254740993], {{}}, {{}}]", u128::MAX);
    put(message("odd.wide", &inexact, &json!({}))).await;
    let changes = [
        json!({"/headers/eta": "tomorrow"}),
        json!({"/headers/expires": 1_795_468_225}),
        json!({"/headers/eta": "10000-01-01T00:00:00+00:00"}),
        json!({"/body": "no base64!"}),
        json!({"/properties/body_encoding": "hex"}),
        json!({"/content-encoding": "gzip"}),
        json!({"/content-type": null}),
        json!({"/body": {}}),
    ];
    for change in changes {
        put(of_note(99, change)).await;
    }
    let expected = [
        "the argument `value` of `odd.keep` has the wrong type: it has an integer of 40 digits, which would run as \
         another number: send it as a text",
        "the argument `float` of `odd.wide` has the wrong type: it has an integer of 16 digits, which would run as \
         another number: send it as a text",
        "the message is no envelope: its header `eta` is no time like 2026-11-23T20:31:21+00:00, up to the year 9999: \
         \"tomorrow\"",
        "the message is no envelope: its header `expires` is no time like 2026-11-23T20:31:21+00:00, up to the year \
         9999: 1795468225",
        "the message is no envelope: its header `eta` is no time like 2026-11-23T20:31:21+00:00, up to the year 9999: \
         \"10000-01-01T00:00:00+00:00\"",
        "the message is no envelope: its body is no base64, which its `body_encoding` says that it is",
        "the message is no envelope: its `body_encoding` is unknown, and a Rust worker reads base64 and plain text",
        "the message is no envelope: its encoding is `gzip`, and a Rust worker reads UTF-8",
        "the message is no envelope: it has no content type, and a Rust worker reads JSON: set `task_serializer = \
         'json'` where it is sent",
        "the message is no envelope: its body is no text",
    ];
    let all = async || fixture.runs.count() >= 8 && fixture.letters().await.len() >= expected.len();
    let worker = fixture.worker().serving(tasks![note, keep, wide]);
    let served = fixture.serve_with(worker, &fixture.engine, all).await;
    let letters = fixture.letters().await;
    let reasons: Vec<_> = letters.iter().map(|letter| &*letter.reason).collect();
    for expected in expected {
        assert!(reasons.contains(&expected), "{expected}: {reasons:#?}");
    }
    assert_eq!(fixture.runs.sorted(), (1..=8).collect::<Vec<_>>());
    assert_eq!((served.done, served.dead, letters.len()), (8, 10, 10));
    assert_eq!(fixture.held().await, 1, "one waits for the year 9999");
    tell::<Redis>(
        "odd messages",
        format_args!(
            "{} ran, 1 waits for the year 9999, {} refused with their reasons",
            served.done, served.dead
        ),
    );
}

/// What a stranger wrote in airlock's own form.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn apalis_redis() {
    let fixture = Fixture::<apalis::Redis>::new().await;
    let put = async |number: u64, value: &str, options: &str| {
        let envelope = format!(
            r#"{{"airlock": 1, "id": "0198c0de-0000-7000-8000-00000000000{number}", "task": "odd.keep",
                "arguments": {{"number": {number}, "value": {value}}}, "options": {options},
                "enqueued_at": "2026-11-23T20:31:21Z"}}"#
        );
        fixture.engine.put(&fixture.place.url, fixture.queue(), envelope.as_bytes()).await;
    };
    put(1, "1", r#"{"expires": "9999-12-31T23:59:59Z"}"#).await;
    put(2, FORTY_DIGITS, "{}").await;
    put(3, "1", r#"{"expires": "2026-11-23T20:31:21"}"#).await;
    let worker = fixture.worker().serving(tasks![keep]);
    let all = async || fixture.runs.count() == 1 && fixture.letters().await.len() == 2;
    let served = fixture.serve_with(worker, &fixture.engine, all).await;
    let letters = fixture.engine.list(10).await.expect("listed");
    let reasons: Vec<_> = letters.iter().map(|letter| &*letter.reason).collect();
    assert!(reasons.iter().any(|reason| reason.contains("`value` of `odd.keep`")), "{reasons:#?}");
    let no_offset =
        "invalid value: string, expected a time with its offset, like 2026-11-23T20:31:21Z at line";
    assert!(reasons.iter().any(|reason| reason.contains(no_offset)), "{reasons:#?}");
    assert_eq!((fixture.runs.sorted(), served.dead), (vec![1], 2));
    tell::<apalis::Redis>("odd messages", "1 ran, 2 refused with their reasons");
}

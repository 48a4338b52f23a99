//! A message over RabbitMQ that no client library for Rust can read: its headers are nested deeper than a stack is, or its
//! texts are not UTF-8. The others are served, and it becomes a dead letter that says why.

use airlock::worker::DeadLetters;
use airlock::{celery, dramatiq};

use crate::engines::fixture::{Fixture, notes};
use crate::faults::tell;
use crate::faults::wire::{Wire, long, nested, short, table};

/// The others, half of them before it.
const OTHERS: u64 = 10;

/// What is in a content header behind the class, the weight and the length of the body.
type Properties = Vec<u8>;

const CONTENT_TYPE: u16 = 0x8000;
const CONTENT_ENCODING: u16 = 0x4000;
const HEADERS: u16 = 0x2000;
const MESSAGE_ID: u16 = 0x0080;

/// Messages that Celery's workers would run, but for one thing; each with what the dead letter says.
fn unreadable() -> [(&'static str, Properties, &'static str); 4] {
    let task = [short(b"task"), long(b"engines.note")].concat();
    let id = [short(b"id"), long(b"0198c0de-0000-7000-8000-000000000000")].concat();
    let headers = |more: Vec<u8>| table(&[task.clone(), id.clone(), more].concat());
    let message = |content: &[u8], headers: Vec<u8>, id: &[u8]| {
        let flags = CONTENT_TYPE | CONTENT_ENCODING | HEADERS | MESSAGE_ID;
        let texts = [short(content), short(b"utf-8")].concat();
        [flags.to_be_bytes().to_vec(), texts, headers, short(id)].concat()
    };
    let json = b"application/json";
    [
        (
            "headers nested 2,000 deep",
            message(json, headers([short(b"deep"), nested(2_000)].concat()), b"id"),
            "its header `deep` is nested deeper than 64 levels",
        ),
        (
            "a header's name that is not UTF-8",
            message(json, headers([short(b"a\xffb"), long(b"")].concat()), b"id"),
            "the name of its header `a\u{fffd}b` is not UTF-8",
        ),
        (
            "a message id that is not UTF-8",
            message(json, headers(Vec::new()), b"\xfe"),
            "its message id `\u{fffd}` is not UTF-8",
        ),
        (
            "a content type that is not UTF-8",
            message(b"text/\xc3", headers(Vec::new()), b"id"),
            "its content type `text/\u{fffd}` is not UTF-8",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn celery_rabbitmq() {
    for (fault, properties, why) in unreadable() {
        let fixture = Fixture::<celery::RabbitMq>::new().await;
        fixture.send(notes(0..OTHERS / 2)).await;
        let body = br#"[[], {"number": 99}, {}]"#;
        Wire::to(&fixture.place.url).publish(fixture.queue(), &properties, body);
        fixture.send(notes(OTHERS / 2..OTHERS)).await;
        let all = async || fixture.runs.count() >= OTHERS && fixture.letters().await.len() == 1;
        let served = fixture.serve(all).await;
        assert_eq!(fixture.runs.sorted(), (0..OTHERS).collect::<Vec<_>>(), "{fault}");
        assert_eq!((served.done, served.dead), (OTHERS, 1), "{fault}");

        let letter = fixture.letter().await;
        assert!(letter.reason.contains(why), "{fault}: {letter:?}");
        assert_eq!(letter.body, body);
        assert!(fixture.engine.retry(&letter.id).await.expect("retried"));
        fixture.serve(async || fixture.letters().await.len() == 1).await;
        let letter = fixture.letter().await;
        assert!(letter.reason.contains(why), "retried, {fault}: {letter:?}");
        assert!(fixture.engine.remove(&letter.id).await.expect("removed"));
        assert_eq!((fixture.held().await, fixture.letters().await.len()), (0, 0));
        let line =
            format_args!("{} done, 1 dead letter, which is retried and removed", served.done);
        tell::<celery::RabbitMq>(fault, line);
    }
}

/// A sender reads no messages but those that come back.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn dramatiq_rabbitmq() {
    for (fault, properties, _) in unreadable() {
        let fixture = Fixture::<dramatiq::RabbitMq>::new().await;
        Wire::to(&fixture.place.url).publish(fixture.queue(), &properties, b"{}");
        let sent = fixture.send(notes(0..OTHERS)).await.dispatched();
        assert_eq!((sent as u64, fixture.held().await), (OTHERS, OTHERS + 1));
        let line = format_args!("{sent} left beside it, which waits for Python");
        tell::<dramatiq::RabbitMq>(fault, line);
    }
}

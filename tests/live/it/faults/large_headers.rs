//! A message over RabbitMQ whose headers fill a frame: what a worker adds to them has no room.

use airlock::celery::RabbitMq;
use airlock::worker::DeadLetters;
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, LongString};

use crate::engines::broker::{channel, publish};
use crate::engines::fixture::{Fixture, notes};
use crate::faults::tell;

/// What RabbitMQ has for a frame.
const FRAME: usize = 131_072;

fn text(text: impl Into<LongString>) -> AMQPValue {
    AMQPValue::LongString(text.into())
}

/// Headers that fill a frame but for a byte a piece at most, in so many pieces.
fn full(task: &str, pieces: usize) -> BasicProperties {
    /// What is around the properties: the frame's own bytes, and what says which of them there are.
    const AROUND: usize = 8 + 14;
    let text_of = |name: &str| 1 + name.len() + 1 + 4;
    let texts = "application/json".len() + 1 + "utf-8".len() + 1 + task.len() + 1;
    let named = text_of("task") + text_of("id") + 2 * task.len();
    let room = FRAME - AROUND - texts - 4 - named;
    let mut headers = FieldTable::default();
    headers.insert("task".into(), text(task));
    headers.insert("id".into(), text(task));
    for piece in 0..pieces {
        let name = format!("piece {piece}");
        let bytes = room / pieces - text_of(&name);
        headers.insert(name.into(), text("x".repeat(bytes)));
    }
    BasicProperties::default()
        .with_content_type("application/json".into())
        .with_content_encoding("utf-8".into())
        .with_correlation_id(task.into())
        .with_headers(headers)
}

/// One can't be read, and one fails until it is given up; the others are settled, and all is in its place.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_does_not_fit_is_cut_and_the_rest_is_settled() {
    let fixture = Fixture::<RabbitMq>::new().await;
    fixture.send(notes(0..5)).await;
    let channel = channel().await;
    publish(&channel, fixture.queue(), b"[[], {}, {}]", full("nobody.knows", 1)).await;
    publish(&channel, fixture.queue(), b"[[7, 99], {}, {}]", full("engines.fail", 100)).await;
    fixture.send(notes(5..10)).await;
    let served = fixture.serve(async || fixture.letters().await.len() == 2).await;
    assert_eq!((served.done, served.dead, served.retried), (10, 2, 2));
    assert_eq!(fixture.held().await, 0);
    let runs = (fixture.runs.count(), fixture.runs.times_of(7).len());
    // The number 7 is among the others as well.
    assert_eq!(runs, (13, 4));
    for letter in fixture.letters().await {
        assert!(letter.task.is_some() && !letter.reason.is_empty(), "{letter:?}");
        assert!(fixture.engine.retry(&letter.id).await.expect("retried"));
    }
    assert_eq!(fixture.held().await, 2, "they are put back");
    tell::<RabbitMq>(
        "headers of 130 KB",
        format_args!(
            "{} done, {} retries, {} dead letters, none lost",
            served.done, served.retried, served.dead
        ),
    );
}

//! Dead letters whose message is half gone or half there: a key beside them is of another type, the user may not call a
//! command, or the server removes a message between two looks at it.

use airlock::celery::Redis;
use airlock::worker::{Settlement, Source};
use airlock_live::Engine;

use crate::engines::fixture::{Fixture, flush, note, notes};
use crate::faults::refused_commands::{Refusal, ask, mend, refused};
use crate::faults::{eventually, on, tell};
use crate::proxy::Proxy;

/// More than a worker is given.
const TOO_LONG: usize = 33 << 20;

/// A message of Celery's that a worker is not given.
fn too_long() -> Vec<u8> {
    let padding = "x".repeat(TOO_LONG);
    format!(r#"{{"headers": {{"task": "engines.note", "id": "long"}}, "padding": "{padding}"}}"#)
        .into()
}

/// A letter that can't be written leaves nothing of it: its message may be long, and nobody would list it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn of_one_that_is_refused_nothing_is_written() {
    let fixture = Fixture::<Redis>::new().await;
    fixture.send(notes(0..1)).await;
    let consumer = fixture.open().await;
    let messages = consumer.take(1).await;
    let letters = Refusal::Key(format!("{}.dead", fixture.queue()));
    let _refused: Redis = refused(&fixture.place, &letters).await.expect("no letter is there");
    consumer.settle(messages, Settlement::Dead { reason: "not yet".into() }).await;
    let beside = ["bodies", "since"].map(|part| format!("{}.dead.{part}", fixture.queue()));
    let written: usize = ask(&fixture.place, &["EXISTS", &beside[0], &beside[1]]).await;
    assert_eq!(written, 0, "what is written of a letter that is refused");
    mend(&fixture.place, &letters).await;
    consumer.0.keep_alive().await.expect("kept alive");
    assert_eq!(fixture.letter().await.reason, "not yet");
    tell::<Redis>("a letter that is refused", "nothing of it is written, and then all");
}

/// A message that is not given to workers is noted before the counts of deaths are asked for.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_is_too_long_is_not_copied_by_each_refused_receive() {
    let fixture = Fixture::<Redis>::new().await;
    fixture.engine.put(&fixture.place.url, fixture.queue(), &too_long()).await;
    fixture.send(notes(0..1)).await;
    let deaths = Refusal::Key(format!("{}.deaths", fixture.queue()));
    let handle: Redis = refused(&fixture.place, &deaths).await.expect("nobody died");
    for _ in 0..3 {
        handle.receive(10).await.expect_err("the counts are of another type");
    }
    let held: usize = ask(&fixture.place, &["HLEN", &format!("{}.held", fixture.queue())]).await;
    assert_eq!(held, 0, "copies of a message that stays in its list");
    mend(&fixture.place, &deaths).await;
    assert_eq!(handle.receive(10).await.expect("mended").len(), 2);
    tell::<Redis>("a receive that is refused behind a long message", "0 copies after 3 times");
}

mod not_retried {
    use super::*;

    /// A letter that can't be put into its queue stays what it was, with its reason.
    async fn fault<E: Engine>() {
        let fixture = Fixture::<E>::new().await;
        for command in ["rpush", "lpush"] {
            fixture.send(notes(0..1)).await;
            fixture.give_up("given up").await;
            let letter = fixture.letter().await;
            let refusal = Refusal::Command(command);
            let handle: E = refused(&fixture.place, &refusal).await.expect("a user");
            match handle.retry(&letter.id).await {
                Ok(retried) => assert!(retried, "it is there"),
                Err(error) => {
                    tell::<E>("a letter that may not be retried", &error);
                    assert_eq!(fixture.letter().await, letter, "after {error}");
                    assert!(fixture.engine.retry(&letter.id).await.expect("retried"));
                }
            }
            assert_eq!(fixture.drain(1).await, [0]);
        }
    }

    on!(fault: apalis_redis, celery_redis);
}

mod gone_meanwhile {
    use super::*;

    /// The server removes a letter's message when it has just answered that it is there.
    async fn fault<E: Engine>() {
        let fixture = Fixture::<E>::new().await;
        let bodies = if E::ENVELOPES {
            fixture.send(notes(0..1)).await;
            fixture.give_up("given up").await;
            format!("{}:data", fixture.queue())
        } else {
            // Of others the message comes along with the answer.
            fixture.engine.put(&fixture.place.url, fixture.queue(), &too_long()).await;
            fixture.serve(async || !fixture.letters().await.is_empty()).await;
            format!("{}.dead.bodies", fixture.queue())
        };
        let letter = fixture.letter().await;
        let line = Proxy::to(&fixture.place.url);
        let far: E = fixture.place.over(&line).open().await;
        let server = redis::Client::open(&*fixture.place.url).expect("a URL");
        line.at_answer(&letter.reason, move |answer| {
            let mut server = server.get_connection().expect("connected");
            let removed: usize =
                redis::cmd("DEL").arg(bodies).query(&mut server).expect("answered");
            assert_eq!(removed, 1);
            answer.to_vec()
        });
        let refused = far.retry(&letter.id).await.expect_err("its message is gone").to_string();
        tell::<E>("a message that is gone when its letter is retried", &refused);
        assert!(refused.contains(&format!("retry the dead letter {}", letter.id)), "{refused}");
        assert!(refused.contains("its body is gone from Redis"), "{refused}");
        assert!(refused.contains("remove it, and send its task again"), "{refused}");
        assert!(fixture.letter().await.reason.contains("its body is gone"));
        assert!(fixture.engine.remove(&letter.id).await.expect("removed"));
    }

    on!(fault: apalis_redis, celery_redis);
}

/// Four answers in a row are lost on the way to a worker: the message is not given to another one, and the intents that
/// have its key are no duplicates of it any more.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_nobody_has_read_lets_go_of_its_unique_key() {
    const KEY: &str = r#"a "key" that ends so: \"#;

    let fixture = Fixture::<Redis>::new().await;
    let keyed = |number| [note::intent(number).unique_key(KEY)];
    fixture.send(keyed(1)).await;
    let line = Proxy::to(&fixture.place.url);
    for _ in 0..4 {
        line.restore();
        let worker: Redis = fixture.place.over(&line).open().await;
        line.cut_at_answer("airlock-unique-key");
        worker.receive(10).await.expect_err("no answer");
        let back = async || {
            fixture.engine.receive(0).await.expect("received");
            let waits: usize = ask(&fixture.place, &["LLEN", fixture.queue()]).await;
            waits == 1
        };
        eventually("its lease is over", back).await;
    }
    assert_eq!(fixture.counts(keyed(2)).await, (0, 1), "it holds its key");
    fixture.serve(async || !fixture.letters().await.is_empty()).await;
    let letter = fixture.letter().await;
    assert!(letter.reason.contains("4 workers in a row"), "{letter:?}");
    let sent = flush(&fixture.engine, keyed(3)).await.expect("flushed");
    tell::<Redis>(
        "the unique key of what nobody has read",
        format_args!("{} of 1 with the same key left", sent.dispatched()),
    );
    assert_eq!(sent.dispatched(), 1, "the key is free");
}

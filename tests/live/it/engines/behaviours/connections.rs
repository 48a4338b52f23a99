//! Connections that can't be made, or are lost. What a flush leaves then is counted among the faults.

use std::time::Duration;

use airlock_live::{Engine, Sender, Server};
use tokio::time::sleep;

use crate::engines::consumer::{Consumer, attempts};
use crate::engines::fixture::{Fixture, flush, notes};
use crate::place::{Place, eventually};
use crate::proxy::Proxy;

pub(crate) async fn a_url_that_nobody_answers_is_named_without_its_password<S: Sender>() {
    let (nobody, place, none, like) = match S::SERVER {
        Server::File => unreachable!("there is no line to a file"),
        Server::Postgres => (
            "postgres://somebody:pa55@127.0.0.1:9/shop",
            "postgres://somebody@127.0.0.1:9/shop",
            // To sqlx any scheme is PostgreSQL's.
            "no URL",
            "postgres://user:password@host:5432/database",
        ),
        Server::Redis => (
            "redis://somebody:pa55@127.0.0.1:9/3",
            "Redis at 127.0.0.1:9 (database 3)",
            "http://127.0.0.1",
            "redis://user:password@host:6379/0",
        ),
        Server::RabbitMq => (
            "amqp://somebody:pa55@127.0.0.1:9/shop",
            "RabbitMQ at 127.0.0.1:9 (virtual host `shop`)",
            "http://127.0.0.1",
            "amqp://user:password@host:5672/%2f",
        ),
    };
    let said = async |url| S::on_queue(url, "jobs").await.err().expect("nobody there").to_string();
    let error = said(nobody).await;
    assert!(error.starts_with(&format!("can't connect to {place}: ")), "{error}");
    assert!(error.contains("check ") && !error.contains("pa55"), "{error}");
    let error = said(none).await;
    assert!(error.contains(like), "{error}");
}

pub(crate) async fn a_flush_over_a_lost_connection_is_handed_back_and_the_next_one_leaves<
    S: Sender,
>() {
    let fixture = Fixture::<S>::new().await;
    let line = Proxy::to(&fixture.place.url);
    let sender = fixture.place.over(&line).open::<S>().await;
    flush(&sender, notes(0..10)).await.expect("flushed");

    line.cut();
    let error = flush(&sender, notes(10..20)).await.expect_err("nobody answers");
    println!("{}: {error}", S::NAME);
    assert!(error.to_string().contains("127.0.0.1"), "it names the place: {error}");
    assert!(!error.to_string().contains("guest"), "and no password: {error}");
    assert_eq!(error.report().dispatched(), 0);
    let again = error.into_intents();
    assert_eq!(again.len(), 10);

    line.restore();
    flush(&sender, again).await.expect("flushed");
    // One that was cut and restored a while before a flush goes unnoticed.
    line.cut();
    sleep(Duration::from_millis(1_100)).await;
    line.restore();
    flush(&sender, notes(20..30)).await.expect("flushed");
    assert_eq!(fixture.held().await, 30);
}

/// By itself it would look in an hour.
async fn is_told_of_a_flush<E: Engine>(quiet: Duration, cut: bool) {
    let fixture = Fixture::<E>::at(Place::telling::<E>()).await;
    let line = Proxy::to(&fixture.place.url);
    let source = fixture.place.over(&line).open::<E>().await.looking_seldom();
    let serving = fixture.start(source, 2);
    fixture.send(notes([1])).await;
    fixture.runs.reach(1).await;
    if cut {
        fixture.place.acknowledged(&fixture.engine).await;
        line.cut();
        sleep(Duration::from_millis(500)).await;
        line.restore();
    }
    sleep(quiet).await;
    fixture.send(notes([2])).await;
    assert_eq!(serving.await.expect("no panic").done, 2);
}

/// It tries to listen again after a second or two.
pub(crate) async fn a_worker_whose_connection_was_cut_is_told_of_flushes_again<E: Engine>() {
    is_told_of_a_flush::<E>(Duration::from_secs(4), true).await;
}

/// A connection may wait for an answer for half a minute, and a worker for messages however long it is
/// told to.
pub(crate) async fn a_worker_is_told_of_a_flush_after_a_long_silence<E: Engine>() {
    is_told_of_a_flush::<E>(Duration::from_secs(32), false).await;
}

/// The server has handed messages out, and nobody has got them. What the worker knows that it holds stays,
/// unless that goes with the connection.
pub(crate) async fn what_was_taken_in_a_lost_answer_comes_back<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let line = Proxy::to(&fixture.place.url);
    let consumer = Consumer::of(fixture.place.over(&line).open::<E>().await).await;
    fixture.send(notes(0..12)).await;
    let held = if E::LEASES { consumer.take(2).await } else { Vec::new() };
    line.cut_at_answer("engines.note");
    let is_cut = async || {
        let received = consumer.0.receive(10).await;
        assert!(received.is_err() || received.is_ok_and(|messages| messages.is_empty()));
        !line.is_open()
    };
    eventually("the answer was lost", is_cut).await;
    line.restore();

    let back = consumer.take(12 - held.len()).await;
    let untried: Vec<_> = (held.len() as u64..12).map(|number| (number, 1)).collect();
    assert_eq!(attempts(&back), untried, "in order, and untried");
}

pub(crate) async fn a_worker_goes_on_after_its_connection_was_cut<E: Engine>() {
    let fixture = Fixture::<E>::at(Place::telling::<E>()).await;
    let line = Proxy::to(&fixture.place.url);
    let source = fixture.place.over(&line).open::<E>().await;
    let serving = fixture.start(source, 2);
    fixture.send(notes([1])).await;
    fixture.runs.reach(1).await;
    // Before that, RabbitMQ would deliver it again.
    fixture.place.acknowledged(&fixture.engine).await;
    line.cut();
    fixture.send(notes([2])).await;
    sleep(Duration::from_millis(500)).await;
    assert_eq!(fixture.runs.numbers(), [1], "nobody reaches the server");
    line.restore();
    assert_eq!(serving.await.expect("no panic").done, 2);
    assert_eq!(fixture.runs.numbers(), [1, 2]);
}

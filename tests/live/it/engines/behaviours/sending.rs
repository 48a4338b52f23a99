//! What was flushed arrives, as it was and in order.

use std::fmt::Debug;
use std::thread;

use airlock::tasks;
use airlock_live::{Engine, Sender};

use crate::engines::fixture::{Fixture, Runs, note, notes};
use crate::place::eventually;
use crate::unique;

#[airlock::task(name = "engines.large")]
fn large(#[state] runs: &Runs, number: u128, text: String) {
    assert_eq!(number, u128::MAX);
    assert_eq!(text, "a\0b");
    runs.note(1);
}

/// From a thread that is in no runtime it leaves through the connection's.
pub(crate) async fn sync_code_flushes_from_any_thread<S: Sender>() {
    let fixture = Fixture::<S>::new().await;
    let engine = fixture.engine.clone();
    let flushing =
        thread::spawn(move || airlock::scope().executor(engine).run(|| note::enqueue(1)));
    let flushed = tokio::task::block_in_place(|| flushing.join()).expect("no panic");
    flushed.expect("flushed").expect("enqueued");
    assert_eq!(fixture.held().await, 1);
}

pub(crate) async fn arguments_arrive_as_they_were<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    fixture.send([large::intent(u128::MAX, "a\0b".to_owned())]).await;
    let worker = fixture.worker().serving(tasks![large]);
    let all_ran = async || fixture.runs.count() == 1;
    let served = fixture.serve_with(worker, &fixture.engine, all_ran).await;
    assert_eq!((served.done, served.retried, served.dead), (1, 0, 0));
}

pub(crate) async fn ten_thousand_of_one_flush_run_once_each_and_in_order<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    assert_eq!(fixture.send(notes(0..10_000)).await.dispatched(), 10_000);
    let worker = fixture.worker().prefetch(500);
    let all_ran = async || fixture.runs.count() >= 10_000;
    let served = fixture.serve_with(worker, &fixture.engine, all_ran).await;
    assert_eq!((served.done, served.retried, served.dead), (10_000, 0, 0));
    assert!(fixture.runs.numbers().into_iter().eq(0..10_000));
    assert_eq!(fixture.held().await, 0);
}

pub(crate) async fn flushes_keep_their_order_among_one_another<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let mut next = 0;
    for size in [1, 3_000, 1, 1, 500, 1] {
        fixture.send(notes(next..next + size)).await;
        next += size;
    }
    assert!(fixture.drain(3_504).await.into_iter().eq(0..3_504));
}

/// More than leave in one step.
pub(crate) async fn a_large_flush_keeps_the_order_of_each_queue<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let mut other = Fixture::<E>::at(fixture.place.beside()).await;
    let queues = [fixture.queue().to_owned(), other.queue().to_owned()];
    let queue_of = |number: u64| &*queues[usize::from(number.is_multiple_of(3))];
    let intents = (0..25_000).map(|number| note::intent(number).queue(queue_of(number).to_owned()));
    assert_eq!(fixture.send(intents).await.dispatched(), 25_000);
    for fixture in [&fixture, &mut other] {
        let is_here = |number: &u64| queue_of(*number) == fixture.queue();
        let sent: Vec<_> = (0..25_000).filter(is_here).collect();
        assert_eq!(fixture.drain(sent.len()).await, sent);
    }
}

pub(crate) async fn a_worker_takes_from_its_own_queues_only<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let [elsewhere, served] = [(); 2].map(|()| unique::name("engines"));
    let queue = |number, queue: &str| note::intent(number).queue(queue.to_owned());
    fixture.send([note::intent(1), queue(2, &elsewhere), queue(3, &served)]).await;
    let source = fixture.engine.clone().serving(&[fixture.queue(), &served]);
    let all_ran = async || fixture.runs.count() >= 2;
    assert_eq!(fixture.serve_with(fixture.worker(), &source, all_ran).await.done, 2);
    assert_eq!(fixture.runs.sorted(), [1, 3]);
    assert_eq!(fixture.engine.held(&fixture.place.url, &elsewhere).await, 1, "it is left alone");
}

/// Some may be secret.
pub(crate) async fn a_log_of_messages_has_no_arguments<E: Engine<Receipt: Debug>>() {
    let fixture = Fixture::<E>::new().await;
    fixture.send(notes([3_141_592_653])).await;
    fixture.engine.open().await.expect("opened");
    let is_shown = async || {
        let messages = fixture.engine.receive(1).await.expect("received");
        let shown = format!("{messages:?}");
        assert!(!shown.contains("3141592653"), "{shown}");
        shown.contains("engines.note")
    };
    eventually("it comes", is_shown).await;
}

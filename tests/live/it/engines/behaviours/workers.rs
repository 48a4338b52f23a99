//! Workers that wait, share a queue, and stop.

use std::time::Duration;

use airlock::worker::Settlement;
use airlock_live::{Engine, QueueOrder, Server};
use tokio::time::sleep;

use crate::engines::consumer::{Consumer, attempts};
use crate::engines::fixture::{Fixture, flush, long, note, notes};
use crate::unique;

/// Another handle flushes than the one that is served, and by itself the worker would look in an hour.
pub(crate) async fn an_idle_worker_is_told_of_a_flush<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let other = unique::name("engines");
    let source = fixture.engine.clone().looking_seldom().serving(&[fixture.queue(), &other]);
    // Nobody tells another process of what is in a file.
    let sender = match E::SERVER {
        Server::File => source.clone(),
        _ => fixture.place.open::<E>().await,
    };
    let serving = fixture.start(source, 6);
    for number in 0..6 {
        sleep(Duration::from_millis(400)).await;
        let queue = if number % 2 == 0 { fixture.queue() } else { &*other };
        let intent = note::intent(number).queue(queue.to_owned());
        flush(&sender, [intent]).await.expect("flushed");
        fixture.runs.reach(number + 1).await;
    }
    assert_eq!(serving.await.expect("no panic").done, 6);
    assert_eq!(fixture.runs.numbers(), [0, 1, 2, 3, 4, 5]);
}

pub(crate) async fn two_workers_share_a_queue_and_run_nothing_twice<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    fixture.send(notes(0..3_000)).await;
    let [one, other] = [(); 2].map(|()| fixture.start(fixture.engine.clone(), 3_000));
    let (one, other) = (one.await.expect("no panic"), other.await.expect("no panic"));
    println!("{}: one: {one}; the other: {other}", E::NAME);
    assert_eq!(one.done + other.done, 3_000);
    assert!(one.done > 0 && other.done > 0, "{one}; {other}");
    assert!(fixture.runs.sorted().into_iter().eq(0..3_000));
}

pub(crate) async fn several_queues_are_served_in_the_promised_order<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let queues = [(); 3].map(|()| unique::name("engines"));
    // The last queue has the oldest messages.
    for (queue, number) in queues.iter().zip([0, 100, 200]).rev() {
        let queue = |number| note::intent(number).queue(queue.clone());
        fixture.send((number..number + 20).map(queue)).await;
    }
    let served: Vec<_> = queues.iter().map(|queue| &**queue).collect();
    let consumer = Consumer::of(fixture.engine.clone().serving(&served)).await;
    let mut firsts = Vec::new();
    for _ in 0..3 {
        let messages = consumer.take(10).await;
        firsts.push(messages[0].number);
        consumer.settle(messages, Settlement::Done).await;
    }
    match E::QUEUE_ORDER {
        QueueOrder::EarlierFirst => assert_eq!(firsts, [0, 10, 100]),
        QueueOrder::OldestFirst => assert_eq!(firsts, [200, 210, 100]),
        QueueOrder::InTurn => {
            firsts.sort_unstable();
            assert_eq!(firsts, [0, 100, 200], "none waits for the others");
        }
        QueueOrder::Any => {}
    }
    consumer.close().await;
    let rest = Consumer::of(fixture.engine.clone().serving(&served)).await;
    assert_eq!(rest.take(30).await.len(), 30, "of all queues at once");
    rest.nothing_comes().await;
}

/// What it did not do is there at once, in its old place, and was no attempt.
pub(crate) async fn a_worker_that_stops_gives_back_what_it_holds<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    fixture.send([long::intent(0, 3_600_000)]).await;
    fixture.send(notes(1..4)).await;
    let worker = fixture.worker().grace(Duration::from_millis(100));
    let begun = async || fixture.runs.count() >= 1;
    let served = fixture.serve_with(worker, &fixture.engine, begun).await;
    // What is given back may be taken once more before the worker has stopped.
    assert!(served.returned >= 4, "{served}");
    assert_eq!((served.done, served.retried, served.dead), (0, 0, 0));
    assert_eq!(fixture.held().await, 4);
    let consumer = fixture.open().await;
    assert_eq!(attempts(&consumer.take(4).await), [(0, 1), (1, 1), (2, 1), (3, 1)]);
}

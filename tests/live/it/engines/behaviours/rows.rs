//! Jobs that are rows of apalis' tables, as its own workers and its board see them.

use std::time::Duration;

use airlock::worker::Settlement;
use airlock_live::Tables;

use crate::engines::fixture::{Fixture, Runs, fail, notes};
use crate::place::Place;

/// A job as apalis sees it: its status, its attempts and its last result.
pub(crate) type Row = (String, i64, Option<String>);

/// So long that no sign of life is given while a cost is counted: how many there are is up to the machine.
pub(crate) const NO_SIGNS: Duration = Duration::from_hours(24);

pub(crate) trait Rows: Tables {
    /// A queue's jobs, in the order of the flush.
    async fn rows(&self, queue: &str) -> Vec<Row>;

    /// How many workers of a queue there are.
    async fn workers(&self, queue: &str) -> i64;

    /// Removes what is done, however short a time ago.
    async fn remove_all_done(&self) -> u64;

    /// What the database does for this, in a unit of its own; nothing else happens there meanwhile.
    async fn cost(place: &Place, of: impl AsyncFn(Self)) -> u64;
}

async fn statuses<E: Rows>(fixture: &Fixture<E>) -> Vec<(String, i64)> {
    let rows = fixture.engine.rows(fixture.queue()).await;
    rows.into_iter().map(|(status, attempts, _)| (status, attempts)).collect()
}

pub(crate) async fn a_job_says_what_became_of_it<E: Rows>() {
    let fixture = Fixture::<E>::new().await;
    fixture.send([fail::intent(1, 0), fail::intent(2, 1), fail::intent(3, 9)]).await;
    let served = fixture.serve(async || !fixture.letters().await.is_empty()).await;
    assert_eq!((served.done, served.dead), (2, 1));
    let expected = [("Done", 1), ("Done", 2), ("Killed", 3)];
    let expected = expected.map(|(status, attempts)| (status.to_owned(), attempts));
    assert_eq!(statuses(&fixture).await, expected);
}

pub(crate) async fn the_reason_of_a_failed_attempt_is_the_result<E: Rows>() {
    let fixture = Fixture::<E>::new().await;
    fixture.send(notes([1])).await;
    let consumer = fixture.open().await;
    let again = Settlement::Retry { after: Duration::ZERO, reason: Some("no \0 luck".to_owned()) };
    consumer.settle(consumer.take(1).await, again).await;
    let [(status, 1, Some(result))] = &fixture.engine.rows(fixture.queue()).await[..] else {
        panic!("one attempt of one job")
    };
    assert!(status == "Pending" && result.contains("no \u{fffd} luck"), "{status}: {result}");
}

pub(crate) async fn a_worker_that_ends_leaves_nothing_behind<E: Rows>() {
    let fixture = Fixture::<E>::new().await;
    fixture.send(notes(0..2)).await;
    let workers = async || fixture.engine.workers(fixture.queue()).await;
    let consumer = fixture.open().await;
    consumer.take(1).await;
    assert_eq!(workers().await, 1);
    consumer.close().await;
    assert_eq!(workers().await, 0);
    // What it could not settle is there at once, and was no attempt.
    assert_eq!(fixture.serve_until_ran(2).await.done, 2);
    assert_eq!((fixture.runs.numbers(), workers().await), (vec![0, 1], 0));
    assert_eq!(statuses(&fixture).await, vec![("Done".to_owned(), 1); 2]);
}

pub(crate) async fn what_is_done_is_removed_and_dead_letters_stay<E: Rows>() {
    let fixture = Fixture::<E>::new().await;
    fixture.send(notes(0..3)).await;
    fixture.give_up("given up").await;
    fixture.serve_until_ran(2).await;
    assert_eq!(fixture.engine.remove_all_done().await, 2);
    fixture.letter().await;
}

/// A queue with a long past costs what a new one costs: apalis' own statements look through all of it.
pub(crate) async fn what_is_done_slows_nothing_down<E: Rows>() {
    let (place, database) = super::tables::bare::<E>().await;
    let through = async |count: u64| {
        let work = async |engine| {
            let fixture = Fixture { place: place.beside(), engine, runs: Runs::default() };
            let queue = place.queue.clone();
            let intents = notes(0..count).into_iter().map(|note| note.queue(queue.clone()));
            fixture.send(intents).await;
            fixture.serve_until_ran(count).await;
        };
        E::cost(&place, work).await
    };
    let first = through(2_000).await;
    through(20_000).await;
    let last = through(2_000).await;
    println!("{}: 2,000 cost {first}, after 20,000 more {last}", E::NAME);
    assert!(last < 3 * first, "{first}, then {last}");
    if let Some(database) = database {
        database.drop().await;
    }
}

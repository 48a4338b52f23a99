//! Queues that are tables in the program's own database.

use std::future::pending;

use airlock::{Batch, DispatchError, Executor};
use airlock_live::{Server, Tables};

use crate::engines::fixture::{Fixture, flush, note, notes};
use crate::place::Place;
use crate::servers::Database;

/// Sends in a transaction that has more to do, and then ends as told.
#[derive(Clone)]
pub(crate) struct InTransaction<E> {
    pub(crate) engine: E,
    pub(crate) commits: bool,
}

impl<E: Tables> Executor for InTransaction<E> {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        self.engine.dispatch_within(batch, self.commits).await
    }
}

pub(crate) async fn jobs_are_rows_of_the_callers_transaction<E: Tables>() {
    let fixture = Fixture::<E>::new().await;
    for (commits, expected) in [(false, 0), (true, 3)] {
        let executor = InTransaction { engine: fixture.engine.clone(), commits };
        flush(&executor, notes(0..3)).await.expect("flushed");
        assert_eq!(fixture.held().await, expected);
    }
    assert_eq!(fixture.drain(3).await, [0, 1, 2]);
}

pub(crate) async fn a_duplicate_leaves_the_callers_transaction_alone<E: Tables>() {
    let fixture = Fixture::<E>::new().await;
    let engine = fixture.engine.clone();
    let keyed = |number| note::intent(number).unique_key(fixture.queue().to_owned());
    for (commits, expected) in [(false, (2, 1, 0)), (true, (2, 1, 2)), (true, (1, 2, 3))] {
        let executor = InTransaction { engine: engine.clone(), commits };
        let report = flush(&executor, [note::intent(0), keyed(1), keyed(2)]).await;
        let report = report.expect("flushed");
        let held = fixture.held().await;
        assert_eq!((report.dispatched(), report.duplicates(), held), expected);
    }
}

/// A database that nobody has set up; and what drops it, where it is on a server.
pub(super) async fn bare<E: Tables>() -> (Place, Option<Database>) {
    let mut place = Place::shared::<E>();
    if E::SERVER == Server::File {
        return (place, None);
    }
    let database = Database::new().await;
    database.url().clone_into(&mut place.url);
    (place, Some(database))
}

pub(crate) async fn without_its_tables_a_flush_and_a_worker_say_what_to_call<E: Tables>() {
    let (place, database) = bare::<E>().await;
    let engine = E::without_tables(&place.url, &place.queue).await.expect("connected");
    let error = flush(&engine, notes(0..10_000)).await.expect_err("no tables");
    let said = error.to_string();
    assert!(said.contains("call `setup()` before it is first used"), "{said}");
    let back = error.into_intents();
    assert_eq!(back.len(), 10_000);
    let worker = airlock::worker().serving(airlock::tasks![]).build().expect("a worker");
    let said = worker.run(engine.clone(), pending()).await.expect_err("no tables").to_string();
    assert!(said.contains("call `setup()` before it is first used"), "{said}");

    engine.make_tables().await.expect("set up");
    assert_eq!(flush(&engine, back).await.expect("flushed").dispatched(), 10_000);
    drop(engine);
    if let Some(database) = database {
        database.drop().await;
    }
}

pub(crate) async fn many_may_set_up_at_once<E: Tables>() {
    let (place, database) = bare::<E>().await;
    let set_up: Vec<_> = (0..8)
        .map(|_| {
            let (url, queue) = (place.url.clone(), place.queue.clone());
            tokio::spawn(async move {
                let engine = E::without_tables(&url, &queue).await?;
                engine.make_tables().await?;
                engine.make_tables().await
            })
        })
        .collect();
    for set_up in set_up {
        set_up.await.expect("no panic").expect("set up");
    }
    let engine = place.open::<E>().await;
    assert_eq!(flush(&engine, notes([1])).await.expect("flushed").dispatched(), 1);
    drop(engine);
    if let Some(database) = database {
        database.drop().await;
    }
}

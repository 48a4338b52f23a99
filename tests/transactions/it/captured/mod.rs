//! Rows of a transaction inside a test's capture: it holds them once the transaction is committed, and nothing is
//! written to the queue's table.

mod libraries;
mod savepoints;

use std::sync::{Arc, Mutex};

use airlock::graphile::Graphile;
use airlock::testing::{assert_no_effects_async, capture_async};
use airlock::transaction::{
    Begun, CommitError, Connection, Guard, Queue, Row, Settings, commit_all, dialect,
};
use airlock::{
    BoxError, DropAll, apalis, assert_effects, assert_enqueued, assert_not_enqueued, block_tasks,
};
use airlock_transactions::driver::queues;
use sqlx::SqliteConnection;

use crate::sqlx::shop::{Shop, insert_orphan, place};
use crate::support::{ShopError, send_mail};

fn failure(assertion: impl FnOnce()) -> String {
    let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(assertion));
    let panic = failed.expect_err("it fails");
    panic.downcast_ref::<String>().cloned().expect("a text")
}

#[tokio::test]
async fn the_effects_say_that_they_would_have_been_rows() {
    #[airlock::task(name = "audit")]
    fn audit(order_id: i64) {
        let _ = order_id;
    }

    #[airlock::task(name = "pack")]
    fn pack(order_id: i64) {
        let _ = order_id;
    }

    let (shop, database) = Shop::with_queue().await;
    let (placed, effects) = capture_async(async {
        audit::enqueue(1)?;
        let placed = database.transaction(async |_: &mut SqliteConnection| {
            pack::enqueue(1)?;
            Ok::<_, ShopError>(())
        });
        placed.await?;
        audit::enqueue(2)?;
        Ok::<_, ShopError>(())
    })
    .await;
    placed.expect("committed");
    assert_effects!(effects, [audit(1), pack(1), audit(2)]);
    assert_eq!(effects.rows().map(ToString::to_string).collect::<Vec<_>>(), ["pack(order_id: 1)"]);
    let text =
        "audit(order_id: 1)\npack(order_id: 1)  (a row of its transaction)\naudit(order_id: 2)";
    assert_eq!(effects.to_string(), text);
    let debug =
        "[audit(order_id: 1), pack(order_id: 1)  (a row of its transaction), audit(order_id: 2)]";
    assert_eq!(format!("{effects:?}"), debug);
    let said = failure(|| assert_enqueued!(effects, audit(3)));
    assert!(said.contains("\n  pack(order_id: 1)  (a row of its transaction)  at "), "{said}");
    assert_eq!(said.matches("(a row").count(), 1, "{said}");
    let said = failure(|| assert_effects!(effects, [pack(1), audit(2)]));
    assert!(said.contains("\n    pack(order_id: 1)  (a row of its transaction)\n"), "{said}");
    let said = failure(|| assert_effects!(effects, [audit(1), audit(2)]));
    assert!(said.contains("\n  + pack(order_id: 1)  (a row of its transaction)  at "), "{said}");

    let json = effects.to_json();
    assert_eq!((json[0].get("row"), json[1]["row"].as_bool()), (None, Some(true)));
    assert_eq!(shop.jobs().await, [0; 0]);
}

#[tokio::test]
async fn outside_of_it_they_are_written_as_ever() {
    let (shop, database) = Shop::with_queue().await;
    for (id, captured) in [(1, true), (2, false)] {
        let placed =
            database.transaction(async |tx: &mut SqliteConnection| place(tx, shop.mails, id).await);
        let placed = if captured { capture_async(placed).await.0 } else { placed.await };
        placed.expect("committed");
    }
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![1, 2], vec![2]));
    assert_eq!(shop.reports.fates(), ["captured by the enclosing scope", "dispatched"]);
}

#[tokio::test]
async fn a_commit_that_fails_leaves_nothing_held() {
    let (shop, database) = Shop::with_queue().await;
    let body = database.transaction(async |tx: &mut SqliteConnection| {
        insert_orphan(tx, 1).await?;
        shop.mails.enqueue(1)?;
        Ok::<_, ShopError>(())
    });
    let (placed, effects) = capture_async(body).await;
    placed.expect_err("a constraint");
    assert_effects!(effects, []);
    assert_eq!(shop.reports.fates(), ["discarded: rolled back"]);
}

/// As in production, where they are committed whatever becomes of the scope around.
#[tokio::test]
async fn scopes_between_neither_delay_nor_lose_them() {
    let (shop, database) = Shop::with_queue().await;
    let body = airlock::scope().named("request").run_async(async {
        let placed =
            database.transaction(async |tx: &mut SqliteConnection| place(tx, shop.mails, 1).await);
        placed.await?;
        shop.mails.enqueue(2)?;
        Err::<(), _>(ShopError::OutOfStock)
    });
    let (answered, effects) = Box::pin(capture_async(body)).await;
    answered.expect("flushed").expect_err("out of stock");
    assert_effects!(effects, [send_mail(shop.mails.number(), 1)]);
    assert_eq!((effects.rows().count(), shop.jobs().await), (1, vec![]));
}

#[tokio::test]
async fn policies_are_asked_as_always() {
    let (shop, database) = Shop::with_queue().await;
    let place =
        || database.transaction(async |tx: &mut SqliteConnection| place(tx, shop.mails, 1).await);
    let (refused, effects) =
        capture_async(airlock::policy(block_tasks![send_mail].refuse()).run_async(place())).await;
    refused.expect_err("refused");
    assert_not_enqueued!(effects, send_mail);

    let (placed, effects) = capture_async(airlock::policy(DropAll).run_async(place())).await;
    placed.expect("committed");
    assert_enqueued!(effects, send_mail);
    let inspection = effects.inspection();
    assert!(inspection.captured().iter().all(|effect| !effect.passes()), "{inspection}");
    assert_eq!(shop.jobs().await, [0; 0]);
}

#[tokio::test]
async fn the_innermost_capture_holds_them() {
    let (shop, database) = Shop::with_queue().await;
    let body =
        database.transaction(async |tx: &mut SqliteConnection| place(tx, shop.mails, 1).await);
    let ((placed, inner), outer) = Box::pin(capture_async(capture_async(body))).await;
    placed.expect("committed");
    assert_eq!((inner.rows().count(), outer.len()), (1, 0));
}

/// The handle's scope is none of the capture's, and would not hold rows in production either.
#[tokio::test]
async fn so_it_does_inside_the_handle_of_a_scope_outside() {
    use airlock::InScope;

    let (shop, database) = Shop::with_queue().await;
    let ((), sealed) = airlock::scope()
        .seal_async(async {
            let outside = airlock::current().expect("inside a scope");
            let body = database
                .transaction(async |tx: &mut SqliteConnection| place(tx, shop.mails, 1).await)
                .in_scope(outside);
            let (placed, effects) = capture_async(Box::pin(body)).await;
            placed.expect("committed");
            assert_eq!(effects.rows().count(), 1);
        })
        .await;
    assert!(sealed.is_empty());
    sealed.discard();
    assert_eq!(shop.jobs().await, [0; 0]);
}

/// A helper of a test runs the code under a configuration, and seals a scope around it.
#[tokio::test]
async fn through_configurations_and_sealed_scopes() {
    let (shop, database) = Shop::with_queue().await;
    let body = airlock::configure().policy(airlock::AllowAll).run_async(async {
        let placed =
            database.transaction(async |tx: &mut SqliteConnection| place(tx, shop.mails, 1).await);
        let (placed, sealed) = airlock::scope().seal_async(placed).await;
        assert!(sealed.is_empty());
        sealed.discard();
        placed
    });
    let (placed, effects) = Box::pin(capture_async(body)).await;
    placed.expect("committed");
    assert_eq!((effects.rows().count(), shop.jobs().await), (1, vec![]));
}

#[tokio::test]
async fn of_a_guard() {
    let (shop, database) = Shop::with_queue().await;
    for (id, commits) in [(1, true), (2, false)] {
        let (ended, effects) = capture_async(async {
            let mut tx = database.begin().await?;
            tx.run_async(async |tx: &mut SqliteConnection| place(tx, shop.mails, id).await).await?;
            if commits { tx.commit().await } else { tx.rollback().await }?;
            Ok::<_, ShopError>(())
        })
        .await;
        ended.expect("ended");
        assert_eq!(effects.rows().count(), usize::from(commits));
    }
    assert_eq!((shop.orders().await, shop.jobs().await), (vec![1], vec![]));
}

#[tokio::test]
async fn of_several_transactions_that_commit_together() {
    let ((one, shop), (two, stock)) = (Shop::with_queue().await, Shop::with_queue().await);
    let (committed, effects) = capture_async(async {
        let mut first = shop.begin().await?;
        let mut second = stock.begin().await?;
        first.run_async(async |tx: &mut SqliteConnection| place(tx, one.mails, 1).await).await?;
        second.run_async(async |tx: &mut SqliteConnection| place(tx, two.mails, 2).await).await?;
        commit_all([("shop", first.into()), ("stock", second.into())]).await?;
        Ok::<_, ShopError>(())
    })
    .await;
    committed.expect("committed");
    assert_effects!(effects, [send_mail(one.mails.number(), 1), send_mail(two.mails.number(), 2)]);
    assert_eq!(effects.rows().count(), 2);
    assert_eq!((one.jobs().await, two.jobs().await), (vec![], vec![]));
}

#[tokio::test]
async fn of_one_that_is_not_committed_in_several_nothing_is_held() {
    let ((one, shop), (two, stock)) = (Shop::with_queue().await, Shop::with_queue().await);
    let (committed, effects) = capture_async(async {
        let mut first = shop.begin().await?;
        let mut second = stock.begin().await?;
        first.run_async(async |tx: &mut SqliteConnection| place(tx, one.mails, 1).await).await?;
        second.run_async(async |tx: &mut SqliteConnection| insert_orphan(tx, 2).await).await?;
        second.run(|_| two.mails.enqueue(2))?;
        // The constraint that fails is looked at in the commit, before anything else is committed.
        commit_all([("stock", second.into()), ("shop", first.into())]).await?;
        Ok::<_, ShopError>(())
    })
    .await;
    committed.expect_err("a constraint");
    assert_effects!(effects, []);
}

/// Its effects were enqueued outside, where nothing refused them; they would leave inside.
#[tokio::test]
async fn an_assertion_that_there_are_none_sees_them_too() {
    let (shop, database) = Shop::with_queue().await;
    let mut tx = database.begin().await.expect("begun");
    tx.run_async(async |tx: &mut SqliteConnection| place(tx, shop.mails, 1).await)
        .await
        .expect("placed");
    let asserted = tokio::spawn(assert_no_effects_async(async move { tx.commit().await.is_ok() }));
    let panic = asserted.await.expect_err("there are some").into_panic();
    let said = panic.downcast_ref::<String>().expect("a text");
    assert!(said.contains("no effects are expected here, but:"), "{said}");
    assert!(said.contains("send_mail"), "{said}");
    assert_eq!(shop.jobs().await, [0; 0]);
}

/// A connection to PostgreSQL that notes its statements.
#[derive(Clone, Default)]
struct Noted(Arc<Mutex<Vec<String>>>);

impl Connection<dialect::Postgres> for Noted {
    async fn query(&mut self, statement: &str, _: &str) -> Result<Vec<Row>, BoxError> {
        self.0.lock().expect("unpoisoned").push(statement.to_owned());
        Err("it only notes".into())
    }
}

struct Tx(Noted);

impl Begun for Tx {
    type Connection = Noted;

    fn connection(&mut self) -> &mut Noted {
        &mut self.0
    }

    fn place(&self) -> String {
        "the notes".to_owned()
    }

    fn is_nested(&mut self) -> bool {
        false
    }

    async fn check(&mut self) -> Result<(), BoxError> {
        Ok(())
    }

    async fn commit(self) -> Result<(), CommitError> {
        Ok(())
    }

    async fn rollback(self) -> Result<(), BoxError> {
        Ok(())
    }
}

/// Commits one effect with a queue of PostgreSQL; returns how many statements that took.
async fn statements(queue: impl Queue<Noted>, captured: bool) -> usize {
    let notes = Noted::default();
    let commit = async {
        let mut tx = Guard::new(Tx(notes.clone()), Settings::default().queue(queue)).await?;
        tx.run(|_| send_mail::enqueue(0, 1)).expect("a scope");
        tx.commit().await
    };
    if captured {
        let (committed, effects) = capture_async(commit).await;
        committed.expect("committed");
        assert_eq!(effects.rows().count(), 1);
    } else {
        commit.await.expect_err("it only notes");
    }
    notes.0.lock().expect("unpoisoned").len()
}

#[tokio::test]
async fn whatever_the_queue() {
    let pool = || queues::PgPool::connect_lazy("postgres://localhost/shop").expect("a URL");
    assert_eq!(statements(apalis::Postgres::new(pool()), true).await, 0);
    assert_eq!(statements(Graphile::new(pool()), true).await, 0);
    // What the zeros are worth: the same without a capture.
    assert!(statements(apalis::Postgres::new(pool()), false).await > 0);
    assert!(statements(Graphile::new(pool()), false).await > 0);
}

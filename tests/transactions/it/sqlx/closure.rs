//! The plain form: effects leave after the commit, or not at all.

use std::sync::{Arc, Mutex};

use airlock::transaction::TransactionError;
use sqlx::SqliteConnection;

use super::shop::{Shop, insert, insert_orphan, place};
use crate::support::ShopError;

#[tokio::test]
async fn effects_leave_after_the_commit() {
    let shop = Shop::open().await;
    let placed = airlock::sqlx::transaction(&shop.pool, async |tx: &mut SqliteConnection| {
        let id = place(tx, shop.mails, 1).await?;
        assert_eq!(shop.mails.sent(), [0; 0]);
        Ok::<_, ShopError>(id)
    });
    assert_eq!(placed.await.expect("committed"), 1);
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![1], vec![1]));
}

#[tokio::test]
async fn an_executor_sees_committed_data() {
    let shop = Shop::open().await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (pool, noted) = (shop.pool.clone(), Arc::clone(&seen));
    let database = airlock::sqlx::Database::new(shop.pool.clone()).scope(move || {
        airlock::scope().executor(Look { pool: pool.clone(), seen: Arc::clone(&noted) })
    });
    let placed =
        database.transaction(async |tx: &mut SqliteConnection| place(tx, shop.mails, 1).await);
    placed.await.expect("committed");
    assert_eq!(*seen.lock().expect("unpoisoned"), [vec![1]]);
}

struct Look {
    pool: sqlx::SqlitePool,
    seen: Arc<Mutex<Vec<Vec<i64>>>>,
}

impl airlock::Executor for Look {
    async fn dispatch(&self, _: &mut airlock::Batch) -> Result<(), airlock::DispatchError> {
        let orders = sqlx::query_scalar("SELECT id FROM orders").fetch_all(&self.pool).await;
        self.seen.lock().expect("unpoisoned").push(orders.map_err(airlock::DispatchError::all)?);
        Ok(())
    }
}

#[tokio::test]
async fn an_error_rolls_back_and_discards() {
    let shop = Shop::open().await;
    let database = shop.database();
    let placed = database.transaction(async |tx: &mut SqliteConnection| {
        place(tx, shop.mails, 1).await?;
        Err::<(), _>(ShopError::OutOfStock)
    });
    assert!(matches!(placed.await, Err(ShopError::OutOfStock)));
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![], vec![]));
    assert_eq!(shop.reports.fates(), ["discarded: error"]);
}

#[tokio::test]
async fn a_commit_that_fails_discards() {
    let shop = Shop::open().await;
    let database = shop.database();
    let placed = database.transaction(async |tx: &mut SqliteConnection| {
        insert_orphan(tx, 1).await?;
        shop.mails.enqueue(1)?;
        Ok::<_, ShopError>(())
    });
    let Err(ShopError::Transaction(error)) = placed.await else { panic!("the commit fails") };
    let TransactionError::Database(error) = error else { panic!("the database refuses: {error}") };
    assert_eq!(error.step(), airlock::transaction::Step::Commit);
    assert!(error.is_certain());
    let text = error.to_string();
    assert!(text.starts_with("can't commit to sqlite:") && text.contains("shop.db"), "{text}");
    assert!(text.contains("FOREIGN KEY constraint failed"), "{text}");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![], vec![]));
    assert_eq!(shop.reports.fates(), ["discarded: rolled back"]);
}

#[tokio::test]
async fn a_panic_rolls_back_and_discards() {
    let shop = Shop::open().await;
    let (database, mails) = (shop.database(), shop.mails);
    let panicked = tokio::spawn(async move {
        let body = async |tx: &mut SqliteConnection| {
            place(tx, mails, 1).await?;
            panic!("a bug");
            #[expect(unreachable_code, reason = "it says what the body's value is")]
            Ok::<_, ShopError>(())
        };
        database.transaction(body).await
    });
    assert!(panicked.await.expect_err("a panic").is_panic());
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![], vec![]));
    assert_eq!(shop.reports.fates(), ["discarded: panic"]);
}

#[tokio::test]
async fn a_flush_that_fails_after_the_commit_hands_back_the_value() {
    let shop = Shop::open().await;
    let placed = airlock::sqlx::transaction(&shop.pool, async |tx: &mut SqliteConnection| {
        insert(tx, 1).await?;
        shop.mails.enqueue_failing()?;
        shop.mails.enqueue(1)?;
        Ok::<_, ShopError>("order 1".to_owned())
    });
    let Err(ShopError::Transaction(error)) = placed.await else { panic!("the flush fails") };
    assert!(error.is_committed());
    let said = "the transaction is committed, but not all of its effects left: ";
    assert!(error.to_string().starts_with(said), "{error}");
    assert_eq!(shop.orders().await, [1]);
    let TransactionError::Committed(committed) = error else { panic!("{error}") };
    let committed = committed.into_value::<u64>().expect_err("of another type");
    let (order, error) = committed.into_value::<String>().expect("the body's value");
    assert_eq!(order, "order 1");
    assert_eq!((error.report().failed(), error.report().not_attempted()), (1, 1));
    assert_eq!(error.into_intents().len(), 2);
}

#[tokio::test]
async fn a_question_mark_is_all_that_a_function_needs() {
    async fn boxed(shop: &Shop) -> Result<i64, Box<dyn std::error::Error + Send + Sync>> {
        let body = async |tx: &mut SqliteConnection| {
            insert(tx, 1).await?;
            shop.mails.enqueue(1)?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(1)
        };
        airlock::sqlx::transaction(&shop.pool, body).await
    }
    async fn anyhow(shop: &Shop) -> anyhow::Result<i64> {
        let body = async |tx: &mut SqliteConnection| {
            insert(tx, 2).await?;
            shop.mails.enqueue(2)?;
            anyhow::Ok(2)
        };
        airlock::sqlx::transaction(&shop.pool, body).await
    }
    async fn own(shop: &Shop) -> Result<i64, ShopError> {
        let body = async |tx: &mut SqliteConnection| place(tx, shop.mails, 3).await;
        airlock::sqlx::transaction(&shop.pool, body).await
    }
    let shop = Shop::open().await;
    assert_eq!(boxed(&shop).await.expect("committed"), 1);
    assert_eq!(anyhow(&shop).await.expect("committed"), 2);
    assert_eq!(own(&shop).await.expect("committed"), 3);
    assert_eq!(shop.mails.sent(), [1, 2, 3]);
    shop.pool.close().await;
    let error = anyhow(&shop).await.expect_err("closed");
    assert!(error.downcast_ref::<TransactionError>().is_some_and(|error| !error.is_committed()));
}

#[tokio::test]
async fn a_rule_may_let_effects_out_although_it_was_rolled_back() {
    let shop = Shop::open().await;
    let database = shop.database().scope(|| airlock::scope().flush_if(|_| true));
    let placed = database.transaction(async |tx: &mut SqliteConnection| {
        place(tx, shop.mails, 1).await?;
        Err::<(), _>(ShopError::OutOfStock)
    });
    placed.await.expect_err("out of stock");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![], vec![1]));
}

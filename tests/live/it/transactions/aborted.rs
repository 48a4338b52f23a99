//! PostgreSQL answers a commit with a rollback after a statement that failed, and calls that no error.

use airlock::BoxError;
use airlock::transaction::TransactionError;
use airlock_transactions::placing::send_mail;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use sqlx::PgConnection;

use super::shop::{Shop, insert, place};

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn an_error_that_the_body_swallows_is_not_taken_for_a_commit() {
    let shop = Shop::open().await;
    let database = shop.database().await;
    let placed = database.transaction(async |tx: &mut PgConnection| {
        place(tx, 1).await?;
        insert(tx, 1).await.expect_err("a duplicate");
        Ok::<_, BoxError>(())
    });
    let error = placed.await.expect_err("it can only be rolled back");
    let error: &TransactionError = error.downcast_ref().expect("ours");
    let text = error.to_string();
    assert!(text.contains("current transaction is aborted"), "{text}");
    assert!(text.ends_with(": an error before was passed over: return such errors, or put what may fail in a savepoint"), "{text}");
    assert!(!error.is_committed());
    assert_eq!(shop.orders().await, [0; 0]);
    assert_eq!(shop.fates(), ["discarded: rolled back"]);
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_savepoint_keeps_it_from_the_transaction_around() {
    let shop = Shop::open().await;
    let database = shop.database().await.queue(shop.apalis().await);
    let placed = database.transaction(async |tx: &mut PgConnection| {
        place(tx, 1).await?;
        let nested = airlock::sqlx::transaction(&mut *tx, async |tx: &mut PgConnection| {
            send_mail::enqueue(2)?;
            insert(tx, 1).await?;
            Ok::<_, BoxError>(())
        });
        nested.await.expect_err("a duplicate");
        place(tx, 3).await
    });
    placed.await.expect("committed");
    assert_eq!((shop.orders().await, shop.apalis_jobs().await), (vec![1, 3], vec![1, 3]));
}

/// A queue of the user's that writes elsewhere than through the connection.
struct Elsewhere;

impl airlock::transaction::Queue<PgConnection> for Elsewhere {
    async fn push(
        &self,
        _: &mut PgConnection,
        _: &mut airlock::Batch,
    ) -> Result<(), airlock::DispatchError> {
        Ok(())
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn nor_is_it_behind_a_queue_that_runs_no_statement() {
    let shop = Shop::open().await;
    let database = shop.database().await.queue(Elsewhere);
    let placed = database.transaction(async |tx: &mut PgConnection| {
        place(tx, 1).await?;
        insert(tx, 1).await.expect_err("a duplicate");
        Ok::<_, BoxError>(())
    });
    let error = placed.await.expect_err("it can only be rolled back");
    assert!(error.to_string().contains("current transaction is aborted"), "{error}");
    assert_eq!(
        (shop.orders().await, shop.fates()),
        (vec![], vec!["discarded: rolled back".to_owned()])
    );
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_savepoint_that_swallows_one_ends_alone() {
    let shop = Shop::open().await;
    let database = shop.database().await;
    let placed = database.transaction(async |tx: &mut PgConnection| {
        place(tx, 1).await?;
        let nested = airlock::sqlx::transaction(&mut *tx, async |tx: &mut PgConnection| {
            place(tx, 2).await?;
            insert(tx, 1).await.expect_err("a duplicate");
            Ok::<_, BoxError>(())
        });
        let error = nested.await.expect_err("it can't be released").to_string();
        assert!(error.contains("current transaction is aborted"), "{error}");
        place(tx, 3).await
    });
    placed.await.expect("committed");
    assert_eq!((shop.orders().await, shop.fates()), (vec![1, 3], vec!["dispatched".to_owned(); 2]));
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn so_does_one_of_sea_orm() {
    async fn write(tx: &DatabaseTransaction, id: i64) -> Result<(), sea_orm::DbErr> {
        tx.execute_unprepared(&format!("INSERT INTO orders (id) VALUES ({id})")).await.map(drop)
    }

    let shop = Shop::open().await;
    let connection = sea_orm::Database::connect(&shop.url).await.expect("connected");
    let database = airlock::sea_orm::Database::new(connection).scope(shop.scope());
    let placed = database.transaction(async |tx: &DatabaseTransaction| {
        write(tx, 1).await?;
        send_mail::enqueue(1)?;
        let nested = airlock::sea_orm::transaction(tx, async |tx: &DatabaseTransaction| {
            send_mail::enqueue(2)?;
            write(tx, 1).await.expect_err("a duplicate");
            Ok::<_, BoxError>(())
        });
        let error = nested.await.expect_err("it can't be released").to_string();
        assert!(error.contains("current transaction is aborted"), "{error}");
        write(tx, 3).await?;
        Ok::<_, BoxError>(send_mail::enqueue(3)?)
    });
    placed.await.expect("committed");
    assert_eq!((shop.orders().await, shop.fates()), (vec![1, 3], vec!["dispatched".to_owned(); 2]));
}

/// A queue whose table is gone.
struct Gone;

impl airlock::transaction::Queue<PgConnection> for Gone {
    async fn push(
        &self,
        tx: &mut PgConnection,
        _: &mut airlock::Batch,
    ) -> Result<(), airlock::DispatchError> {
        let inserted = sqlx::query("INSERT INTO gone VALUES (1)").execute(tx).await;
        inserted.map(drop).map_err(airlock::DispatchError::all)
    }
}

/// The statement that fails aborts the transaction, but for the savepoint around it.
#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn rows_of_best_effort_that_can_t_be_written_abort_nothing() {
    let shop = Shop::open().await;
    let database = shop.database().await.queue(Gone);
    let placed = database.transaction(async |tx: &mut PgConnection| {
        send_mail::intent(2).best_effort().enqueue()?;
        insert(tx, 1).await?;
        Ok::<_, BoxError>(())
    });
    placed.await.expect("committed");
    assert_eq!(shop.orders().await, [1]);
    let fates = shop.fates();
    assert!(fates[0].contains("failed") && fates[0].contains("gone"), "{fates:?}");
    let failed = database.transaction(async |tx: &mut PgConnection| place(tx, 3).await);
    failed.await.expect_err("of no best effort");
    assert_eq!(shop.orders().await, [1]);
}

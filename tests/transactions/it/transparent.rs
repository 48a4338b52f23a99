//! Conflicts inside error types that hide them: `#[error(transparent)]` is what thiserror's users write, and its source
//! is that of the wrapped error, never the wrapped error itself.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};

use airlock::BoxError;
use airlock::transaction::TransactionError;
use airlock_transactions::driver::statement;
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use diesel_async::{AsyncConnection, SimpleAsyncConnection};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber, span};

use crate::sqlx::shop::Shop;

#[derive(Debug, thiserror::Error)]
enum OrderError {
    #[error(transparent)]
    Sqlx(#[from] sqlx::Error),
    #[error(transparent)]
    SeaOrm(#[from] sea_orm::DbErr),
    #[error(transparent)]
    Diesel(#[from] diesel::result::Error),
    #[error(transparent)]
    Transaction(#[from] TransactionError),
}

pub(crate) const COUNT: &str = "SELECT count(*) FROM orders";

pub(crate) fn insert(id: u32) -> String {
    format!("INSERT INTO orders (id) VALUES ({id})")
}

/// Somebody else writes between a transaction's first read and its first write.
pub(crate) async fn meanwhile(shop: &Shop, attempt: u32) {
    if attempt == 1 {
        sqlx::query(statement(&insert(100))).execute(&shop.pool).await.expect("inserted");
    }
}

#[tokio::test]
async fn of_sqlx_is_met_again() {
    let (shop, attempts) = (Shop::open().await, AtomicU32::new(0));
    let database = shop.database();
    let placed = database.retry(3).transaction(async |tx: &mut sqlx::SqliteConnection| {
        let attempt = attempts.fetch_add(1, Ordering::Relaxed) + 1;
        sqlx::query(COUNT).execute(&mut *tx).await?;
        meanwhile(&shop, attempt).await;
        sqlx::query(statement(&insert(attempt))).execute(&mut *tx).await?;
        Ok::<_, OrderError>(())
    });
    placed.await.expect("committed");
    assert_eq!((attempts.into_inner(), shop.orders().await), (2, vec![2, 100]));
}

#[tokio::test]
async fn of_sea_orm_is_met_again() {
    let (shop, attempts) = (Shop::open().await, AtomicU32::new(0));
    let url = format!("sqlite:{}", shop.path());
    let connection = sea_orm::Database::connect(url).await.expect("connected");
    let database = airlock::sea_orm::Database::new(connection);
    let placed = database.retry(3).transaction(async |tx: &DatabaseTransaction| {
        let attempt = attempts.fetch_add(1, Ordering::Relaxed) + 1;
        tx.execute_unprepared(COUNT).await?;
        meanwhile(&shop, attempt).await;
        tx.execute_unprepared(&insert(attempt)).await?;
        Ok::<_, OrderError>(())
    });
    placed.await.expect("committed");
    assert_eq!((attempts.into_inner(), shop.orders().await), (2, vec![2, 100]));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_diesel_is_met_again() {
    let (shop, mut attempt) = (Shop::open().await, 0);
    let mut connection = SqliteConnection::establish(&shop.path()).expect("connected");
    let database = airlock::diesel::Database::new();
    let placed = database.retry(3).transaction(&mut connection, |tx| {
        attempt += 1;
        tx.batch_execute(COUNT)?;
        let others = async { meanwhile(&shop, attempt).await };
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(others));
        tx.batch_execute(&insert(attempt))?;
        Ok::<_, OrderError>(())
    });
    placed.expect("committed");
    assert_eq!((attempt, shop.orders().await), (2, vec![2, 100]));
}

#[tokio::test]
async fn of_diesel_async_is_met_again() {
    type Sqlite = SyncConnectionWrapper<SqliteConnection>;
    let (shop, attempts) = (Shop::open().await, AtomicU32::new(0));
    let mut connection = Sqlite::establish(&shop.path()).await.expect("connected");
    let database = airlock::diesel_async::Database::new();
    let placed = database.retry(3).transaction(&mut connection, async |tx: &mut Sqlite| {
        let attempt = attempts.fetch_add(1, Ordering::Relaxed) + 1;
        tx.batch_execute(COUNT).await?;
        meanwhile(&shop, attempt).await;
        tx.batch_execute(&insert(attempt)).await?;
        Ok::<_, OrderError>(())
    });
    placed.await.expect("committed");
    assert_eq!((attempts.into_inner(), shop.orders().await), (2, vec![2, 100]));
}

/// A text and nothing else, of whatever went wrong.
#[derive(Debug)]
struct Opaque;

impl fmt::Display for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("try again later")
    }
}

impl std::error::Error for Opaque {}

impl From<TransactionError> for Opaque {
    fn from(_: TransactionError) -> Self {
        Self
    }
}

/// What airlock meets itself it knows, whatever becomes of its error.
#[tokio::test]
async fn one_that_airlock_meets_needs_no_sign_in_the_error() {
    lines_of("");
    let shop = Shop::open().await;
    let mut other = shop.pool.begin_with("BEGIN IMMEDIATE").await.expect("begun");
    sqlx::query("INSERT INTO orders (id) VALUES (100)").execute(&mut *other).await.expect("locked");
    // Not to wait for the file for seconds, as a connection does unless told otherwise.
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(shop.path());
    let options = options.busy_timeout(std::time::Duration::from_millis(1));
    let pool = sqlx::SqlitePool::connect_with(options).await.expect("connected");
    let database = airlock::sqlx::Database::new(pool).begin_with("BEGIN IMMEDIATE");
    let commit = async {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        other.commit().await.expect("committed");
    };
    let place = database.retry(50).transaction(async |tx: &mut sqlx::SqliteConnection| {
        sqlx::query("INSERT INTO orders (id) VALUES (1)").execute(tx).await.map_err(|_| Opaque)?;
        Ok::<_, Opaque>(())
    });
    let (placed, ()) = tokio::join!(place, commit);
    placed.expect("committed");
    assert_eq!(shop.orders().await, [1, 100]);
    assert!(lines_of("Opaque").iter().any(|line| line.contains("is run again in")));
}

/// The program's `Debug` may panic, and then the error is still the caller's.
#[tokio::test]
async fn a_debug_that_panics_ends_nothing_else() {
    struct Bomb;
    impl fmt::Debug for Bomb {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("shown")
        }
    }
    impl fmt::Display for Bomb {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("shown")
        }
    }
    impl std::error::Error for Bomb {}
    impl From<TransactionError> for Bomb {
        fn from(_: TransactionError) -> Self {
            Self
        }
    }
    let (shop, attempts) = (Shop::open().await, AtomicU32::new(0));
    let database = shop.database();
    let placed = database.retry(3).transaction(async |_: &mut sqlx::SqliteConnection| {
        attempts.fetch_add(1, Ordering::Relaxed);
        Err::<(), _>(Bomb)
    });
    assert!(placed.await.is_err());
    assert_eq!(attempts.into_inner(), 1);
}

/// Another transaction that is committed would be committed twice, though its effects met what looks like a conflict.
#[tokio::test]
async fn nothing_below_a_commit_is_a_conflict() {
    let (shop, attempts) = (Shop::open().await, AtomicU32::new(0));
    let locked = |_: airlock::Intent| Err::<(), _>(diesel_locked());
    let inner = airlock::sqlx::Database::new(shop.pool.clone())
        .scope(move || airlock::scope().executor(locked));
    let outer = Shop::open().await;
    let database = outer.database().scope(|| airlock::scope().release_all());
    let placed = database.retry(3).transaction(async |_: &mut sqlx::SqliteConnection| {
        let attempt = attempts.fetch_add(1, Ordering::Relaxed) + 1;
        let placed = inner.transaction(async |tx: &mut sqlx::SqliteConnection| {
            sqlx::query(statement(&insert(attempt))).execute(&mut *tx).await?;
            shop.mails.enqueue(i64::from(attempt)).map_err(|_| sqlx::Error::RowNotFound)?;
            Ok::<_, OrderError>(())
        });
        placed.await
    });
    let Err(OrderError::Transaction(error)) = placed.await else { panic!("it is committed") };
    assert!(error.is_committed() && format!("{error:?}").contains("database is locked"), "{error}");
    assert_eq!((attempts.into_inner(), shop.orders().await), (1, vec![1]));
}

/// As the executor's own database would fail.
fn diesel_locked() -> BoxError {
    "error returned from database: (code: 5) database is locked".into()
}

#[tokio::test]
async fn the_log_says_why_it_is_not_run_again() {
    #[derive(Debug, thiserror::Error)]
    enum ClosedError {
        #[error("the shop is closed")]
        Closed,
        #[error(transparent)]
        Transaction(#[from] TransactionError),
    }
    lines_of("");
    let shop = Shop::open().await;
    let closed = async |_: &mut sqlx::SqliteConnection| Err::<(), _>(ClosedError::Closed);
    shop.database().retry(3).transaction(closed).await.expect_err("closed");
    let never = shop.database();
    never.retry_if(3, |_: &ClosedError| false).transaction(closed).await.expect_err("closed");
    let always = never.retry_if(1, |_: &ClosedError| true);
    always.transaction(closed).await.expect_err("closed");
    let committed = never.retry(3).transaction(async |_: &mut sqlx::SqliteConnection| {
        shop.mails.enqueue_failing().map_err(|_| ClosedError::Closed)
    });
    committed.await.expect_err("mailbox full");

    let lines = lines_of("ClosedError");
    for (line, expected) in lines.iter().zip([
        "attempt 1 … is not run again: no conflict between transactions is in it … `#[source]` or `#[from]`, or \
         derive `Debug`, or use `retry_if`",
        "attempt 1 … is not run again: `retry_if`'s closure says no to it",
        "attempt 1 … is run again in ",
        "attempt 2 … is not run again: that was the last attempt",
        "attempt 1 … is not run again: it is committed, or may be",
    ]) {
        let as_expected = expected.split(" … ").all(|part| line.contains(part));
        assert!(as_expected && line.starts_with("DEBUG airlock::transaction"), "{expected}: {line}");
    }
    assert_eq!(lines.len(), 5, "{lines:#?}");
}

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// What airlock's transactions have logged of an error type since this was first called.
fn lines_of(error: &str) -> Vec<String> {
    static LOG: LazyLock<()> = LazyLock::new(|| {
        tracing::subscriber::set_global_default(Log).expect("the only one");
    });
    LazyLock::force(&LOG);
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    lines.iter().filter(|line| line.contains(error)).cloned().collect()
}

struct Log;

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{}{value:?}", self.0);
        }
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::DEBUG && metadata.target() == "airlock::transaction"
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        let mut line = Line(format!("{} {}: ", metadata.level(), metadata.target()));
        event.record(&mut line);
        LINES.lock().unwrap_or_else(PoisonError::into_inner).push(line.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

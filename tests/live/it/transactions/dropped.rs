//! A future that is dropped while BEGIN is on its way, as a handler's is whose client hangs up: whoever uses the
//! connection next is in no transaction, and what it writes is there.

use std::sync::Arc;
use std::time::Duration;

use airlock::sqlx::Database;
use airlock::worker::Source;
use airlock::{BoxError, Executor, apalis};
use airlock_transactions::placing::send_mail;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use sea_orm::{ConnectionTrait, DatabaseTransaction, TransactionOptions};
use sqlx::postgres::PgPoolOptions;
use sqlx::{PgConnection, PgPool};
use tokio::sync::Notify;

use super::shop::{Shop, insert, place};
use crate::proxy::Proxy;

/// How late the server's answers arrive while a future is dropped.
const LATE: Duration = Duration::from_millis(300);

/// A shop, and a pool of one connection through a line.
struct Line {
    shop: Shop,
    proxy: Proxy,
    pool: PgPool,
}

impl Line {
    async fn open() -> Self {
        let shop = Shop::open().await;
        let proxy = Proxy::to(&shop.url);
        let pool = PgPoolOptions::new().max_connections(1).connect(proxy.url()).await;
        Self { shop, proxy, pool: pool.expect("connected") }
    }

    fn database(&self) -> Database<sqlx::Postgres> {
        Database::new(self.pool.clone()).scope(self.shop.scope())
    }

    /// Drops a future when the server has answered this, and before that arrives.
    async fn dropped_before<T>(&self, answer: &str, begun: impl Future<Output = T>) {
        let answered = Arc::new(Notify::new());
        let tell = Arc::clone(&answered);
        self.proxy.delay_answers(LATE);
        self.proxy.at_answer(answer, move |answer| {
            tell.notify_one();
            answer.to_vec()
        });
        tokio::select! {
            _ = begun => panic!("the answer is late"),
            () = answered.notified() => {}
        }
        self.proxy.delay_answers(Duration::ZERO);
    }

    /// Whether others see what is written through the pool.
    async fn commits(&self) -> bool {
        let id = self.next().await;
        let mut connection = self.pool.acquire().await.expect("a connection");
        insert(&mut connection, id).await.expect("inserted");
        self.shop.orders().await.contains(&id)
    }

    async fn next(&self) -> i64 {
        self.shop.orders().await.last().map_or(1, |last| last + 1)
    }
}

/// Counts the cases in which what comes next is there.
#[derive(Default)]
struct Count {
    clean: usize,
    left: Vec<&'static str>,
}

impl Count {
    fn add(&mut self, case: &'static str, clean: bool) {
        self.clean += usize::from(clean);
        self.left.extend((!clean).then_some(case));
    }

    fn tell(self, library: &str) {
        println!(
            "dropped while BEGIN was on its way, {library}: {} of {} left the connection in no transaction {:?}",
            self.clean,
            self.clean + self.left.len(),
            self.left
        );
        assert_eq!(self.left, [""; 0]);
    }
}

async fn nothing(_: &mut PgConnection) -> Result<(), BoxError> {
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn of_sqlx() {
    let mut count = Count::default();
    let line = Line::open().await;
    let database = line.database();
    line.dropped_before("BEGIN", database.transaction(nothing)).await;
    count.add("Database::transaction", line.commits().await);
    line.dropped_before("BEGIN", database.begin()).await;
    count.add("Database::begin", line.commits().await);
    let serializable = database.clone().begin_with("BEGIN ISOLATION LEVEL SERIALIZABLE");
    line.dropped_before("BEGIN", serializable.transaction(nothing)).await;
    count.add("begin_with", line.commits().await);
    let again = database.retry_if(3, |error: &BoxError| airlock::sqlx::is_conflict(&**error));
    line.dropped_before("BEGIN", again.transaction(nothing)).await;
    count.add("retry", line.commits().await);
    line.dropped_before("BEGIN", airlock::sqlx::transaction(&line.pool, nothing)).await;
    count.add("transaction(&pool)", line.commits().await);
    line.dropped_before("BEGIN", airlock::sqlx::begin(&line.pool)).await;
    count.add("begin(&pool)", line.commits().await);

    let mut own = line.pool.acquire().await.expect("a connection");
    line.dropped_before("BEGIN", airlock::sqlx::transaction(&mut *own, nothing)).await;
    drop(own);
    count.add("transaction(&mut connection)", line.commits().await);
    let mut own = line.pool.acquire().await.expect("a connection");
    line.dropped_before("BEGIN", airlock::sqlx::begin(&mut *own)).await;
    let id = line.next().await;
    insert(&mut own, id).await.expect("inserted");
    count.add("begin(&mut connection), used again", line.shop.orders().await.contains(&id));
    drop(own);
    count.add("begin(&mut connection)", line.commits().await);
    count.tell("sqlx");
}

/// sqlx would roll back the outer transaction, answer its commit with Ok, and commit what comes after by itself.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn a_savepoint_of_sqlx() {
    let line = Line::open().await;
    let database = line.database();
    let placed = database.transaction(async |tx: &mut PgConnection| {
        place(tx, 1).await?;
        line.dropped_before("SAVEPOINT", airlock::sqlx::transaction(&mut *tx, nothing)).await;
        place(tx, 2).await?;
        airlock::sqlx::transaction(&mut *tx, async |tx| place(tx, 3).await).await
    });
    placed.await.expect("committed");
    let failed = database.transaction(async |tx: &mut PgConnection| {
        line.dropped_before("SAVEPOINT", airlock::sqlx::transaction(&mut *tx, nothing)).await;
        place(tx, 4).await?;
        Err::<(), BoxError>("out of stock".into())
    });
    failed.await.expect_err("out of stock");
    let orders = line.shop.orders().await;
    println!(
        "dropped while SAVEPOINT was on its way, sqlx: {} of 3 orders, 0 of 1 rolled back",
        orders.len()
    );
    assert_eq!(orders, [1, 2, 3]);
    assert!(line.commits().await);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn of_sea_orm() {
    let mut count = Count::default();
    let line = Line::open().await;
    let connection = sea_orm::SqlxPostgresConnector::from_sqlx_postgres_pool(line.pool.clone());
    let database = airlock::sea_orm::Database::new(connection.clone()).scope(line.shop.scope());
    let nothing = async |_: &DatabaseTransaction| Ok::<_, BoxError>(());
    line.dropped_before("BEGIN", database.transaction(nothing)).await;
    count.add("Database::transaction", line.commits().await);
    line.dropped_before("BEGIN", database.begin()).await;
    count.add("Database::begin", line.commits().await);
    let options = database.clone().options(TransactionOptions::default());
    line.dropped_before("BEGIN", options.transaction(nothing)).await;
    count.add("options", line.commits().await);
    line.dropped_before("BEGIN", airlock::sea_orm::transaction(&connection, nothing)).await;
    count.add("transaction(&connection)", line.commits().await);

    let placed = database.transaction(async |tx: &DatabaseTransaction| {
        tx.execute_unprepared("INSERT INTO orders (id) VALUES (100)").await?;
        send_mail::enqueue(100)?;
        line.dropped_before("SAVEPOINT", airlock::sea_orm::transaction(tx, nothing)).await;
        Ok::<_, BoxError>(())
    });
    let error = placed.await.expect_err("it is rolled back").to_string();
    assert!(error.contains("sqlx has rolled the transaction back"), "{error}");
    count.add("savepoint", !line.shop.orders().await.contains(&100) && line.commits().await);
    count.tell("SeaORM");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn of_diesel_async() {
    let mut count = Count::default();
    let line = Line::open().await;
    let nothing = async |_: &mut AsyncPgConnection| Ok::<_, BoxError>(());
    for guard in [false, true] {
        let mut own = AsyncPgConnection::establish(line.proxy.url()).await.expect("connected");
        if guard {
            line.dropped_before("BEGIN", airlock::diesel_async::begin(&mut own)).await;
        } else {
            let begun = airlock::diesel_async::transaction(&mut own, nothing);
            line.dropped_before("BEGIN", begun).await;
        }
        // What is written by itself is there, and no transaction begins.
        let id = line.next().await;
        let insert = format!("INSERT INTO orders (id) VALUES ({id})");
        own.batch_execute(&insert).await.expect("inserted");
        let case = if guard { "begin" } else { "transaction" };
        count.add(case, line.shop.orders().await.contains(&id));
        let error = airlock::diesel_async::transaction(&mut own, nothing).await;
        let error = error.expect_err("the connection is broken").to_string();
        assert!(error.ends_with("take another one"), "{error}");
    }
    count.tell("diesel-async");
}

/// Intents that make an engine begin a transaction, since one statement does not do.
async fn flush(executor: impl Executor + Clone) {
    let scope = airlock::scope().executor(executor);
    let flushed = scope.run_async(async {
        send_mail::intent(1).unique_key("one").enqueue()?;
        Ok::<_, BoxError>(send_mail::enqueue(2)?)
    });
    flushed.await.expect("flushed").expect("enqueued");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn of_the_engines() {
    let mut count = Count::default();
    let line = Line::open().await;
    line.shop.apalis().await;
    line.shop.graphile().await;
    let apalis = apalis::Postgres::new(line.pool.clone());
    let graphile = airlock::graphile::Graphile::new(line.pool.clone());

    apalis.open().await.expect("opened");
    apalis.close().await.expect("closed");
    line.dropped_before("BEGIN", apalis.open()).await;
    count.add("apalis: open", line.commits().await);
    line.dropped_before("BEGIN", Box::pin(apalis.keep_alive())).await;
    count.add("apalis: keep_alive", line.commits().await);
    line.dropped_before("BEGIN", apalis.close()).await;
    count.add("apalis: close", line.commits().await);
    line.dropped_before("BEGIN", graphile.open()).await;
    count.add("Graphile: open", line.commits().await);
    line.dropped_before("BEGIN", Box::pin(graphile.keep_alive())).await;
    count.add("Graphile: keep_alive", line.commits().await);
    line.dropped_before("BEGIN", graphile.close()).await;
    count.add("Graphile: close", line.commits().await);

    line.dropped_before("BEGIN", flush(apalis.clone())).await;
    count.add("apalis: flush", line.commits().await);
    line.dropped_before("BEGIN", flush(graphile.clone())).await;
    count.add("Graphile: flush", line.commits().await);
    let database = line.database();
    line.dropped_before("BEGIN", database.transaction(nothing)).await;
    flush(apalis.clone()).await;
    flush(graphile.clone()).await;
    let jobs = (line.shop.apalis_jobs().await.len(), line.shop.graphile_jobs().await.len());
    count.add("flushes after it", jobs == (2, 2));

    let idle = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    let idle: i64 = sqlx::query_scalar(idle).fetch_one(&line.shop.pool).await.expect("counted");
    count.add("connections left in a transaction", idle == 0);
    count.tell("engines");
}

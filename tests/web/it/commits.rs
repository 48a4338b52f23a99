//! A handler that commits and whose client goes away then: what is lost, and what the database keeps.

use std::sync::Arc;

use airlock::apalis::Sqlite;
use airlock::sqlx::Database;
use airlock::testing::capture_async;
use airlock::tower::ScopeLayer;
use airlock::{BoxError, Why, assert_effects};
use axum::Router;
use axum::routing::get;
use http::{Request, StatusCode};
use sqlx::{Connection, SqliteConnection, SqlitePool};
use tokio::sync::Notify;
use tower::ServiceExt;

use crate::support::{Effects, Server, hang_up, mail};

/// A database with orders and jobs in one file.
async fn database() -> (tempfile::TempDir, Sqlite) {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("shop.db").display());
    let jobs = Sqlite::connect(&url).await.expect("it opens");
    jobs.setup().await.expect("its tables are made");
    let made = sqlx::query("CREATE TABLE orders (id INTEGER PRIMARY KEY)").execute(jobs.pool());
    made.await.expect("it is new");
    (folder, jobs)
}

async fn insert(connection: &mut SqliteConnection, order: i64) -> Result<(), BoxError> {
    sqlx::query("INSERT INTO orders VALUES (?1)").bind(order).execute(connection).await?;
    Ok(())
}

async fn count(pool: &SqlitePool, what: &str) -> i64 {
    let count = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {what}")));
    count.fetch_one(pool).await.expect("it is there")
}

/// What is still to do for the answer when the order is there, of which there is no end.
async fn render(begun: &Notify) {
    begun.notify_one();
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn what_was_enqueued_is_discarded_though_its_order_is_there() {
    let (_folder, jobs) = database().await;
    let (effects, pool) = (Effects::new(), jobs.pool().clone());
    let (orders, rendering) = (pool.clone(), Arc::new(Notify::new()));
    let begun = rendering.clone();
    let places = async move || {
        let mut connection = orders.acquire().await.expect("connected");
        let mut transaction = connection.begin().await.expect("begun");
        insert(&mut transaction, 1).await.expect("inserted");
        mail::enqueue(1).expect("inside a scope");
        transaction.commit().await.expect("committed");
        render(&begun).await;
    };
    let scopes = effects.clone();
    let layer = ScopeLayer::new().scope(move |_| scopes.scope());
    let server = Server::axum(Router::new().route("/", get(places)).layer(layer)).await;
    hang_up(server.address, "/", rendering.notified()).await;
    effects.ended(1).await;
    assert_eq!(effects.discarded(Why::Cancelled), 1);
    assert_eq!(count(&pool, "orders").await, 1);
}

#[tokio::test]
async fn rows_of_the_transaction_stay_with_their_order() {
    let (_folder, jobs) = database().await;
    let pool = jobs.pool().clone();
    let database = Database::new(pool.clone()).queue(jobs);
    let rendering = Arc::new(Notify::new());
    let begun = rendering.clone();
    let places = async move || {
        let placed = database.transaction(async |tx: &mut SqliteConnection| {
            insert(tx, 1).await?;
            mail::enqueue(1)?;
            Ok::<_, BoxError>(())
        });
        placed.await.expect("committed");
        render(&begun).await;
    };
    let server = Server::axum(Router::new().route("/", get(places)).layer(ScopeLayer::new())).await;
    hang_up(server.address, "/", rendering.notified()).await;
    assert_eq!((count(&pool, "orders").await, count(&pool, "Jobs").await), (1, 1));
}

#[tokio::test]
async fn a_request_inside_a_capture_writes_no_rows() {
    let (_folder, jobs) = database().await;
    let pool = jobs.pool().clone();
    let database = Database::new(pool.clone()).queue(jobs);
    let places = async move || {
        let placed = database.transaction(async |tx: &mut SqliteConnection| {
            insert(tx, 1).await?;
            mail::enqueue(1)?;
            Ok::<_, BoxError>(())
        });
        placed.await.expect("committed");
        mail::enqueue(2).expect("inside the request's scope");
        // The request fails: its own effects are discarded, and the rows are committed.
        StatusCode::INTERNAL_SERVER_ERROR
    };
    let app = Router::new().route("/", get(places)).layer(ScopeLayer::new());
    let request = Request::get("/").body(axum::body::Body::empty()).expect("a request");
    let (answered, effects) = capture_async(app.oneshot(request)).await;
    assert_eq!(answered.expect("infallible").status(), 500);
    assert_effects!(effects, [mail(1)]);
    assert_eq!(effects.rows().count(), 1);
    assert_eq!((count(&pool, "orders").await, count(&pool, "Jobs").await), (1, 0));
}

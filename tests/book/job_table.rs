use airlock::BoxError;
use sqlx::{SqliteConnection, SqlitePool};

#[derive(airlock::Task)]
#[task(name = "sync_to_git_index")]
struct SyncToGitIndex {
    krate: String,
}

#[airlock::task(name = "send_publish_notification")]
fn send_publish_notification(version_id: i64) {
    unreachable!("its job's worker runs it: {version_id}");
}

#[airlock::task(local)]
fn refresh_page(krate: String) {
    println!("the page of {krate} is made anew");
}

// the block

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let options = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1);
    let pool: SqlitePool = options.connect("sqlite::memory:").await?;
    for table in [
        "CREATE TABLE versions (id INTEGER PRIMARY KEY, krate TEXT)",
        "CREATE TABLE background_jobs (id INTEGER PRIMARY KEY, job_type TEXT, data TEXT, priority INTEGER)",
    ] {
        sqlx::query(table).execute(&pool).await?;
    }
    let database = database(pool.clone());
    let version = publish(&database, "serde").await?;
    publish(&database, "serde").await?;
    let jobs: Vec<(String, String, i64)> =
        sqlx::query_as("SELECT job_type, data, priority FROM background_jobs ORDER BY id")
            .fetch_all(&pool)
            .await?;
    let job = |name: &str, data: String, priority| (name.to_owned(), data, priority);
    assert_eq!(jobs, [
        job("sync_to_git_index", r#"{"krate":"serde"}"#.to_owned(), 100),
        job("send_publish_notification", format!(r#"{{"version_id":{version}}}"#), 0),
        job("send_publish_notification", format!(r#"{{"version_id":{}}}"#, version + 1), 0),
    ]);
    let refused = database.transaction(async |tx: &mut SqliteConnection| {
        send_publish_notification::intent(1).unique_key("once").enqueue()?;
        insert_version(tx, "tokio").await?;
        Ok::<_, BoxError>(())
    });
    let error = refused.await.unwrap_err().to_string();
    assert!(error.contains("BackgroundJobs"), "{error}");
    Ok(())
}

//! A server that accepts connections and never answers, as one does that is stopped: each engine says so after ten
//! seconds, with the place and the next step.

use std::net::TcpListener;

use airlock::apalis::{Postgres, Sqlite};
use airlock::graphile::Graphile;
use airlock::{EngineError, apalis, celery, dramatiq};
use sqlx::Connection;

#[tokio::test]
async fn each_engine_gives_up_after_ten_seconds_and_names_the_place() {
    // The system accepts for it, and nobody ever reads.
    let hung = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let place = hung.local_addr().expect("it is bound").to_string();
    let url = |scheme: &str| format!("{scheme}://ann:sesame@{place}/0");
    let (postgres, redis, amqp) = (url("postgres"), url("redis"), url("amqp"));
    let said = tokio::join!(
        async { said(Postgres::connect(&postgres).await) },
        async { said(Graphile::connect(&postgres).await) },
        async { said(apalis::Redis::connect(&redis).await) },
        async { said(celery::Redis::connect(&redis).await) },
        async { said(dramatiq::Redis::connect(&redis).await) },
        async { said(celery::RabbitMq::connect(&amqp).await) },
        async { said(dramatiq::RabbitMq::connect(&amqp).await) },
    );
    for said in <[String; 7]>::from(said) {
        for part in [
            "can't connect to",
            &place,
            "it did not answer within 10 s: check that this host and port are the server's",
        ] {
            assert!(said.contains(part), "{said}");
        }
        assert!(!said.contains("sesame"), "{said}");
    }
}

#[tokio::test]
async fn a_file_that_stays_locked_says_who_is_in_the_way() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("jobs.db");
    let url = format!("sqlite:{}?mode=rwc", file.display());
    let mut other = sqlx::SqliteConnection::connect(&url).await.expect("it opens");
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut other).await.expect("it is locked");
    let said = said(Sqlite::connect(&url).await);
    assert!(said.contains("jobs.db"), "{said}");
    assert!(said.contains("held its lock for 10 s: end that transaction"), "{said}");
}

fn said<T>(connected: Result<T, EngineError>) -> String {
    let Err(error) = connected else { panic!("it has connected") };
    error.to_string()
}

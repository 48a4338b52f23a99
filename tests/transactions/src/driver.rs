//! What is said in another way with each version of sqlx; `tests/versions` has that of an older one.

use airlock::apalis;
use airlock::graphile::Graphile;
use sqlx::{AssertSqlSafe, PgPool, SqlitePool};

/// The sqlx of the queues.
pub use sqlx as queues;

/// A queue in a SQLite file.
#[expect(clippy::unused_async, reason = "an older version connects here")]
pub async fn sqlite(pool: &SqlitePool, _url: &str) -> apalis::Sqlite {
    apalis::Sqlite::new(pool.clone())
}

/// A queue of apalis in PostgreSQL.
#[expect(clippy::unused_async, reason = "an older version connects here")]
pub async fn postgres(pool: &PgPool, _url: &str) -> apalis::Postgres {
    apalis::Postgres::new(pool.clone())
}

/// A queue of Graphile Worker.
#[expect(clippy::unused_async, reason = "an older version connects here")]
pub async fn graphile(pool: &PgPool, _url: &str) -> Graphile {
    Graphile::new(pool.clone())
}

/// A statement that is made at run time.
pub fn statement(text: &str) -> AssertSqlSafe<&str> {
    AssertSqlSafe(text)
}

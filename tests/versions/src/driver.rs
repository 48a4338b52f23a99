//! What is said in another way with sqlx 0.8: the queues have pools of their own, of sqlx 0.9.

use airlock::apalis;
use airlock::graphile::Graphile;
use sqlx::{PgPool, SqlitePool};

/// The sqlx of the queues.
pub use sqlx_09 as queues;

/// A queue in a SQLite file.
pub async fn sqlite(_: &SqlitePool, url: &str) -> apalis::Sqlite {
    apalis::Sqlite::connect(url).await.expect("a file")
}

/// A queue of apalis in PostgreSQL.
pub async fn postgres(_: &PgPool, url: &str) -> apalis::Postgres {
    apalis::Postgres::connect(url).await.expect("a server")
}

/// A queue of Graphile Worker.
pub async fn graphile(_: &PgPool, url: &str) -> Graphile {
    Graphile::connect(url).await.expect("a server")
}

/// A statement that is made at run time.
pub fn statement(text: &str) -> &str {
    text
}

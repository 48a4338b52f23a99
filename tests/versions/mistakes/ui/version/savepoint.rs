//! A savepoint on a connection of sqlx 0.8.

use sqlx::PgConnection;

fn place(tx: &mut PgConnection) {
    let _ = airlock::sqlx::begin(&mut *tx);
}

fn main() {}

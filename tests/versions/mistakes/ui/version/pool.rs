//! A guard on a pool of sqlx 0.8.

use sqlx::PgPool;

fn main() {
    let pool = PgPool::connect_lazy("postgres://localhost/shop").expect("a URL");
    let _ = airlock::sqlx::begin(&pool);
}

//! Settings for a pool of sqlx 0.8.

use airlock::sqlx::Database;
use sqlx::PgPool;

fn main() {
    let pool = PgPool::connect_lazy("postgres://localhost/shop").expect("a URL");
    let _ = Database::new(pool);
}

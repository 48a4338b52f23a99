//! Two flushes ask for the same unique keys at the same time, each in the order in which the other
//! doesn't, and each in more than one statement.

use airlock::{Intent, apalis, graphile};
use airlock_live::{Sender, ship};

use crate::faults::{Place, flush, on, tell};

const KEYS: u64 = 25_000;
const ROUNDS: u64 = 6;

/// What a test asks of the tables.
trait Table: Sender {
    /// Sets the keys free, as if everything had run.
    async fn done(&self, queue: &str);

    /// The orders that wait, as they are going to run.
    async fn order(&self, queue: &str) -> Vec<i64>;
}

impl Table for apalis::Postgres {
    async fn done(&self, queue: &str) {
        let done = "UPDATE apalis.jobs SET status = 'Done' WHERE job_type = $1";
        sqlx::query(done).bind(queue).execute(self.pool()).await.expect("done");
    }

    async fn order(&self, queue: &str) -> Vec<i64> {
        let order = "SELECT (convert_from(job, 'UTF8')::json #>> '{arguments,order_id}')::int8
            FROM apalis.jobs WHERE job_type = $1 AND status = 'Pending' ORDER BY run_at";
        sqlx::query_scalar(order).bind(queue).fetch_all(self.pool()).await.expect("orders")
    }
}

impl Table for graphile::Graphile {
    async fn done(&self, queue: &str) {
        let done = "DELETE FROM graphile_worker._private_jobs WHERE task_id IN (
                SELECT id FROM graphile_worker._private_tasks WHERE identifier = $1
            )";
        let done = sqlx::query(done).bind(format!("airlock:{queue}"));
        done.execute(self.pool()).await.expect("done");
    }

    async fn order(&self, queue: &str) -> Vec<i64> {
        let order = "SELECT (payload #>> '{arguments,order_id}')::int8
            FROM graphile_worker._private_jobs AS jobs
                JOIN graphile_worker._private_tasks AS tasks ON tasks.id = task_id
            WHERE identifier = $1 ORDER BY run_at";
        let order = sqlx::query_scalar(order).bind(format!("airlock:{queue}"));
        order.fetch_all(self.pool()).await.expect("orders")
    }
}

async fn shared<S: Table>() {
    let place = Place::shared::<S>();
    let one = place.open::<S>().await;
    let other = place.open::<S>().await;
    let intent =
        |key: u64| -> Intent { ship::intent(key).unique_key(format!("{} {key}", place.queue)) };
    for _ in 0..ROUNDS {
        let (forth, back) = tokio::join!(
            flush(&one, (0..KEYS).map(intent)),
            flush(&other, (0..KEYS).rev().map(intent)),
        );
        forth.all_left();
        back.all_left();
        let left = forth.report.dispatched() + back.report.dispatched();
        assert_eq!(left as u64, KEYS, "each key once");
        assert_eq!(place.held(&one).await, KEYS);
        one.done(&place.queue).await;
    }
    tell::<S>("shared keys", format_args!("{ROUNDS} times two flushes of {KEYS}, each key once"));
}

/// The order of the keys is not that of the jobs, whatever they are inserted in.
async fn in_order<S: Table>() {
    let place = Place::shared::<S>();
    let sender = place.open::<S>().await;
    let intent = |order: u64| {
        let intent = ship::intent(order);
        let key = || format!("{} {order}", place.queue);
        if order.is_multiple_of(3) { intent } else { intent.unique_key(key()) }
    };
    flush(&sender, (0..KEYS).rev().map(intent)).await.all_left();
    let order = sender.order(&place.queue).await;
    assert!(order.into_iter().eq((0..KEYS.cast_signed()).rev()), "in the order of the flush");
}

mod of_two_flushes {
    use super::*;

    on!(shared: apalis_postgres, graphile);
}

mod and_the_order {
    use super::*;

    on!(in_order: apalis_postgres, graphile);
}

//! Two flushes ask for the same unique keys at the same time, each in the order in which the other
//! doesn't, and each in more than one statement.

use airlock::{Intent, apalis, graphile};
use airlock_live::{Sender, ship};

use crate::faults::{Place, flush, on, tell};

const KEYS: u64 = 25_000;
const ROUNDS: u64 = 6;

/// Sets the keys free, as if everything had run.
trait Done: Sender {
    async fn done(&self, queue: &str);
}

impl Done for apalis::Postgres {
    async fn done(&self, queue: &str) {
        let done = "UPDATE apalis.jobs SET status = 'Done' WHERE job_type = $1";
        sqlx::query(done).bind(queue).execute(self.pool()).await.expect("done");
    }
}

impl Done for graphile::Graphile {
    async fn done(&self, queue: &str) {
        let done = "DELETE FROM graphile_worker._private_jobs WHERE task_id IN (
                SELECT id FROM graphile_worker._private_tasks WHERE identifier = $1
            )";
        let done = sqlx::query(done).bind(format!("airlock:{queue}"));
        done.execute(self.pool()).await.expect("done");
    }
}

async fn shared<S: Done>() {
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

on!(shared: apalis_postgres, graphile);

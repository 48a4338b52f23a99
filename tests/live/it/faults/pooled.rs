//! `PgBouncer` between an engine and PostgreSQL. What sqlx prepares in one transaction is missing in the next where that
//! runs on another of the pooler's connections, or is another program's.

use airlock_live::Engine;

use crate::faults::{Place, Ran, flush, on, orders, tell};
use crate::servers::Own;

const TIMES: usize = 20;

/// `connect` finds it out, and says what to set.
async fn in_transactions<E: Engine>() {
    let pooler = Own::pgbouncer("transaction");
    let place = Place::at(&pooler.url());
    let mut found_out = 0;
    for _ in 0..TIMES {
        let error = E::on_queue(&place.url, &place.queue).await.map(drop);
        let error = error.expect_err("a pooler is in between").to_string();
        assert!(error.contains("set `pool_mode = session`"), "{error}");
        found_out += 1;
    }
    tell::<E>("PgBouncer by transaction", format_args!("{found_out} of {TIMES} connects say so"));
}

async fn in_sessions<E: Engine>() {
    let pooler = Own::pgbouncer("session");
    let place = Place::at(&pooler.url());
    let engine = place.open::<E>().await;
    let other = place.worker::<E>(2, 4);
    flush(&engine, orders(1_000)).await.all_left();
    place.serve(&engine, 1..=1_000).await;
    drop(other);
    let ran = Ran::all_once(&place.record(), 1..=1_000);
    tell::<E>("PgBouncer by session", format_args!("1000 enqueued; {ran}"));
}

mod by_transaction {
    use super::{in_transactions, on};

    on!(in_transactions: apalis_postgres, graphile);
}

mod by_session {
    use super::{in_sessions, on};

    on!(in_sessions: apalis_postgres, graphile);
}

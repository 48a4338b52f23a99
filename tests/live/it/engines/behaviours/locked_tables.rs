//! Tables of PostgreSQL, which others may lock.

use airlock::worker::Settlement;
use airlock_live::Tables;
use sqlx::postgres::PgPool;
use tokio::time::sleep;

use super::tables::bare;
use crate::engines::consumer::settled;
use crate::engines::fixture::{Fixture, Runs, notes};
use crate::place::eventually;

pub(crate) trait PostgresTables: Tables {
    /// The table of jobs.
    const JOBS: &'static str;

    /// When a worker has last given a sign of life, in seconds.
    const LAST_SIGN: &'static str;

    fn postgres(&self) -> &PgPool;
}

/// Building an index locks a table like that, for as long as it takes.
pub(crate) async fn a_worker_gives_signs_of_life_while_the_table_of_jobs_is_locked<E>()
where
    E: PostgresTables,
{
    let (place, database) = bare::<E>().await;
    let engine = place.open::<E>().await;
    let fixture = Fixture { place, engine, runs: Runs::default() };
    fixture.send(notes([1, 2])).await;
    let holder = fixture.open().await;
    let mut held = holder.take(2).await;

    let pool = fixture.engine.postgres();
    let last_sign = async || -> f64 {
        sqlx::query_scalar(E::LAST_SIGN).fetch_one(pool).await.expect("a worker")
    };
    let mut lock = pool.begin().await.expect("begun");
    let locks = format!("LOCK TABLE {} IN SHARE MODE", E::JOBS);
    sqlx::query(sqlx::AssertSqlSafe(locks)).execute(&mut *lock).await.expect("locked");
    // What else the worker asks for waits meanwhile, on connections that its heartbeats don't need.
    let settled = settled(held.split_off(1), &Settlement::Done);
    let asked = async {
        let receipts = [&held[0].receipt];
        let (begin, settle) = (holder.0.begin(&receipts), holder.0.settle(&settled));
        tokio::join!(begin, settle, holder.0.receive(1))
    };
    let heartbeats = async {
        for _ in 0..3 {
            let before = last_sign().await;
            let gives_a_sign = async || {
                sleep(holder.0.heartbeat().expect("it has one")).await;
                holder.0.keep_alive().await.expect("what it holds can't be looked after");
                last_sign().await > before
            };
            eventually("it gives a sign", gives_a_sign).await;
        }
        lock.rollback().await.expect("unlocked");
    };
    let ((begun, settled, received), ()) = tokio::join!(asked, heartbeats);
    assert_eq!(begun.expect("begun"), [0; 0]);
    assert_eq!(settled.expect("settled"), [0; 0]);
    assert!(received.expect("received").is_empty());

    fixture.open().await.nothing_comes().await;
    pool.close().await;
    database.expect("PostgreSQL has one").drop().await;
}

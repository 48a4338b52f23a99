//! The server's clock is set while workers are at their work, or another server takes over whose clock is ahead. It is a
//! real server by whose clock it is as late as the test says.

use std::process::Command;
use std::time::Duration;

use airlock::{apalis, graphile};
use airlock_live::{Engine, LOST_AFTER, pack, worker};
use sqlx::{Connection as _, PgConnection};
use tokio::time::sleep;

use crate::faults::{Place, Ran, eventually, flush, on, tell};
use crate::place::Child;
use crate::proxy::Proxy;
use crate::servers::Own;

const HOUR: u64 = 3_600;

/// Two workers with two tasks each, each at its only attempt where the engine lets a message say so.
async fn begun<E: Engine>(place: &Place, engine: &E, millis: u64) -> [Child; 2] {
    let only_once = |order| {
        let intent = pack::intent(order, millis);
        if E::REFUSES.contains(&"max_attempts") { intent } else { intent.max_attempts(1) }
    };
    flush(engine, (1..=4).map(only_once)).await.all_left();
    let record = place.record();
    let living = [place.worker::<E>(2, 0), place.worker::<E>(2, 0)];
    eventually("all have begun", async || record.count("begun").len() == 4).await;
    living
}

/// Waits until all is settled, with a third worker that has nothing to do; each ran once.
async fn all_once<E: Engine>(
    what: &str,
    place: &Place,
    engine: &E,
    living: [Child; 2],
    meanwhile: impl Future<Output = ()> + Send + 'static,
) {
    let record = place.record();
    let third = worker(place.record()).build().expect("a worker");
    let settled = async {
        meanwhile.await;
        eventually("all ran", async || record.count("ran").len() == 4).await;
        eventually("all is settled", async || place.held(engine).await == 0).await;
    };
    let served = third.run(engine.clone(), settled).await.expect("served");
    let begun: usize = record.count("begun").values().sum();
    let letters = engine.list(10).await.expect("listed");
    let [one, other] = living.map(|mut worker| worker.ends());
    let line = format!(
        "4 enqueued, {begun} begun, {} by the third, {} dead letters; {one}; {other}",
        served.done,
        letters.len()
    );
    assert_eq!((begun, served.done, letters.len()), (4, 0, 0), "each once: {line}");
    let ran = Ran::all_once(&record, 1..=4);
    tell::<E>(what, format_args!("{line}; {ran}"));
}

mod ahead_and_back {
    use super::*;

    /// By an hour, by another one, and back, each as a heartbeat is due.
    async fn fault<E: Engine>() {
        let place = Place::with_a_clock::<E>();
        let engine = place.open::<E>().await;
        let living = begun(&place, &engine, 9_000).await;
        let server = place.server().clone();
        let steps = async move {
            for ahead in [HOUR, 2 * HOUR, 0] {
                sleep(2 * LOST_AFTER / 3).await;
                server.set_clock(ahead);
            }
        };
        all_once("clock set ahead, ahead and back", &place, &engine, living, steps).await;
    }

    on!(fault: apalis_postgres, apalis_redis, graphile, celery_redis);
}

mod before_a_third_comes {
    use super::*;

    /// The first that anybody hears by the new clock is a worker that has just started.
    async fn fault<E: Engine>() {
        let place = Place::with_a_clock::<E>();
        let engine = place.open::<E>().await;
        let mut living = begun(&place, &engine, 9_000).await;
        for worker in &mut living {
            worker.stop();
        }
        place.server().set_clock(HOUR);
        let ids = living.each_ref().map(|worker| worker.0.id().to_string());
        let go_on = async move {
            sleep(LOST_AFTER / 3).await;
            let sent = Command::new("kill").args(["-s", "CONT"]).args(ids).status();
            assert!(sent.expect("asked").success());
        };
        all_once("clock set ahead, a third one first", &place, &engine, living, go_on).await;
    }

    on!(fault: apalis_postgres, apalis_redis, graphile, celery_redis);
}

mod of_another_server {
    use super::*;

    async fn ask(url: &str, command: &[&str]) -> String {
        let client = redis::Client::open(url).expect("a URL");
        let mut connection = client.get_multiplexed_async_connection().await.expect("connected");
        let asked: redis::Value = redis::cmd(command[0])
            .arg(&command[1..])
            .query_async(&mut connection)
            .await
            .expect("answered");
        format!("{asked:?}")
    }

    /// Redis fails over to a replica whose clock is an hour ahead.
    async fn fault<E: Engine>() {
        let place = Place::own::<E>();
        let (replica, line) = (Own::redis_with_a_clock(), Proxy::to(&place.url));
        replica.set_clock(HOUR);
        let port = place.url.rsplit(':').next().expect("a port").to_owned();
        ask(&replica.url(), &["REPLICAOF", "127.0.0.1", &port]).await;
        let over = place.over(&line);
        let engine = over.open::<E>().await;
        let living = begun(&over, &engine, 9_000).await;
        sleep(LOST_AFTER / 3).await;
        eventually("it is a replica", async || {
            ask(&replica.url(), &["INFO", "replication"]).await.contains("master_link_status:up")
        })
        .await;
        ask(&place.url, &["CONFIG", "SET", "min-replicas-to-write", "9"]).await;
        sleep(Duration::from_millis(200)).await;
        ask(&replica.url(), &["REPLICAOF", "NO", "ONE"]).await;
        line.lead_to(&replica.url());
        // A third worker comes by the new server.
        let engine = over.open::<E>().await;
        all_once("failover to a clock ahead", &over, &engine, living, async {}).await;
    }

    on!(fault: apalis_redis, celery_redis);
}

mod between_two_statements {
    use super::*;

    /// An engine that sends its heartbeat and looks for lost workers in two statements.
    trait Heartbeats: Engine {
        const TABLE: &'static str;
    }

    impl Heartbeats for apalis::Postgres {
        const TABLE: &'static str = "apalis.workers";
    }

    impl Heartbeats for graphile::Graphile {
        const TABLE: &'static str = "graphile_worker._private_workers";
    }

    /// The clock is set as soon as a heartbeat has noted its time, and before the same worker looks for others that
    /// have sent none.
    async fn fault<E: Heartbeats>() {
        let place = Place::with_a_clock::<E>();
        let engine = place.open::<E>().await;
        let living = begun(&place, &engine, 6_000).await;
        let clock = place.server().folder().join("clock");
        let mut connection = PgConnection::connect(&place.url).await.expect("connected");
        let statements = format!(
            "CREATE FUNCTION set_clock() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    COPY (SELECT {HOUR}) TO PROGRAM 'cat > {clock}.next && mv {clock}.next {clock}';
                    RETURN NULL;
                END $$;
            CREATE TRIGGER set_clock AFTER UPDATE ON {} FOR EACH ROW EXECUTE FUNCTION set_clock();",
            E::TABLE,
            clock = clock.display()
        );
        let made = sqlx::raw_sql(sqlx::AssertSqlSafe(statements)).execute(&mut connection).await;
        made.expect("a trigger");
        all_once("clock set after a heartbeat", &place, &engine, living, async {}).await;
        let ahead = std::fs::read_to_string(clock).expect("read");
        assert_eq!(ahead.trim(), HOUR.to_string(), "it was set");
    }

    on!(fault: apalis_postgres, graphile);
}

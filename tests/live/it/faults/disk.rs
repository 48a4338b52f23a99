//! The disk is full, a limit is reached, or nothing may be written.

use std::process::Command;

use airlock::{apalis, celery, dramatiq};
use airlock_live::{Engine, Sender, ship, worker};
use lapin::options::QueueDeclareOptions;
use lapin::types::{AMQPValue, FieldTable};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use tokio::time::{Duration, sleep};

use crate::faults::{Flushed, MANY, Place, Ran, flush, on, orders, tell};

/// What was handed back leaves when there is room again, and all runs once.
async fn then_all_run<E: Engine>(fault: &str, place: &Place, engine: &E, flushed: Flushed) {
    let (dispatched, back) = (flushed.report.dispatched() as u64, flushed.handed_back.len());
    let said = flushed.error().to_owned();
    assert_eq!(place.held(engine).await, dispatched);
    flush(engine, flushed.handed_back).await.all_left();
    place.serve(engine, 1..=dispatched + back as u64).await;
    let ran = Ran::all_once(&place.record(), 1..=dispatched + back as u64);
    tell::<E>(
        fault,
        format_args!("{dispatched} dispatched, {back} handed back ({said}); then {ran}"),
    );
}

mod full_for_an_enqueuer {
    use super::*;

    /// A process whose files may not grow over a size, so that writing fails as on a full disk.
    #[tokio::test(flavor = "multi_thread")]
    async fn apalis_sqlite() {
        for size in [MANY, 500] {
            let place = Place::shared::<apalis::Sqlite>();
            let engine = place.open::<apalis::Sqlite>().await;
            let (many, per_flush) = (MANY.to_string(), size.to_string());
            let child = place.child::<apalis::Sqlite>("enqueue", &[&many, &per_flush]);
            let output = Command::new("bash")
                .args(["-c", r#"trap "" XFSZ; ulimit -f 2048; exec "$@""#, "limited"])
                .arg(child.get_program())
                .args(child.get_args())
                .output()
                .expect("it runs");
            let said = String::from_utf8(output.stdout).expect("text");
            let (mut dispatched, mut back, mut error) = (0, 0, "");
            for line in said.lines() {
                let mut words = line.splitn(3, ' ');
                let mut number =
                    || words.next().expect("a number").parse::<u64>().expect("a number");
                dispatched += number();
                back += number();
                error = words.next().unwrap_or(error);
            }
            assert_eq!(dispatched + back, MANY, "{said}");
            assert!(back > 0 && error.contains("disk"), "{said}");
            assert_eq!(place.held(&engine).await, dispatched);
            assert_eq!(dispatched > 0, size < MANY, "{said}");

            let whole: String = sqlx::query_scalar("PRAGMA integrity_check")
                .fetch_one(engine.pool())
                .await
                .expect("checked");
            assert_eq!(whole, "ok");
            let again = (dispatched + 1..=MANY).map(ship::intent);
            flush(&engine, again).await.all_left();
            place.serve(&engine, 1..=MANY).await;
            let ran = Ran::all_once(&place.record(), 1..=MANY);
            let line =
                format_args!("{dispatched} dispatched, {back} handed back ({error}); then {ran}");
            tell::<apalis::Sqlite>("disk full", line);
        }
    }

    /// PostgreSQL takes the limit of a process for a full disk.
    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "needs servers: run tests/live.sh"]
    async fn apalis_postgres() {
        let place = Place::own::<apalis::Postgres>();
        drop(place.open::<apalis::Postgres>().await);
        let of_server = std::fs::read_to_string(place.server().folder().join("server.pid"));
        let of_server = of_server.expect("its number");
        let number = of_server.split(' ').next().expect("a number");
        // As large as a part of its log, which it can't do without.
        let as_its_user = r#"
            if [ "$(id -u)" = 0 ]; then set -- setpriv --reuid=postgres --regid=postgres --init-groups "$@"; fi
            exec "$@""#;
        let limited = Command::new("bash")
            .args(["-c", as_its_user, "limit", "prlimit", "--pid", number, "--fsize=16777216"])
            .status();
        assert!(limited.expect("it runs").success());
        let limited = place.open::<apalis::Postgres>().await;
        let mut order = 0;
        let failed = loop {
            let orders = (order + 1..=order + MANY).map(|order| ship::intent(order));
            order += MANY;
            assert!(order < 50 * MANY, "the disk is never full");
            let flushed = flush(&limited, orders).await;
            if flushed.error.is_some() {
                break flushed;
            }
        };
        assert_eq!(failed.handed_back.len() as u64, MANY);
        assert_eq!(place.held(&limited).await, order - MANY);
        let said = failed.error();
        let line = format_args!("{} dispatched, {MANY} handed back ({said})", order - MANY);
        tell::<apalis::Postgres>("disk full", line);
    }
}

mod full_for_a_worker {
    use super::*;

    /// A worker that can't write what became of a task tells it later.
    #[tokio::test(flavor = "multi_thread")]
    async fn apalis_sqlite() {
        let place = Place::shared::<apalis::Sqlite>();
        let engine = place.open::<apalis::Sqlite>().await;
        flush(&engine, (1..=MANY).map(ship::intent)).await.all_left();
        let limit = async |pages: i64| {
            // There is one connection, whose limit this is; it is at least what there is.
            let set = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
            let set: i64 = sqlx::query_scalar(set).fetch_one(engine.pool()).await.expect("set");
            set
        };
        let limited = async {
            limit(1).await;
            sleep(Duration::from_secs(2)).await;
            let left = place.held(&engine).await;
            assert!(left > 0, "it was full before all was done");
            limit(1_000_000).await;
            left
        };
        let worker = worker(place.record());
        let (_, left) = tokio::join!(place.serve_with(worker, &engine, 1..=MANY), limited);
        let ran = Ran::all_once(&place.record(), 1..=MANY);
        let line = format_args!("{left} of {MANY} were left when it had been full; {ran}");
        tell::<apalis::Sqlite>("disk full while working", line);
    }
}

mod read_only {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn apalis_sqlite() {
        let place = Place::shared::<apalis::Sqlite>();
        let engine = place.open::<apalis::Sqlite>().await;
        let options: SqliteConnectOptions = place.url.parse().expect("a URL");
        let pool = SqlitePoolOptions::new().connect_with(options.read_only(true)).await;
        let reads = apalis::Sqlite::new(pool.expect("connected")).queue(&place.queue);

        let worker = worker(place.record()).build().expect("a worker");
        let refused = worker.run(reads.clone(), sleep(Duration::from_secs(5))).await;
        let refused = refused.expect_err("it can't begin").to_string();
        assert!(refused.contains("readonly"), "{refused}");

        let flushed = flush(&reads, orders(MANY)).await;
        assert_eq!(flushed.handed_back.len() as u64, MANY);
        assert!(flushed.error().contains("readonly"), "{}", flushed.error());
        then_all_run("file read-only", &place, &engine, flushed).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "needs servers: run tests/live.sh"]
    async fn apalis_postgres() {
        let place = Place::shared::<apalis::Postgres>();
        let engine = place.open::<apalis::Postgres>().await;
        let url = format!("{}?options[default_transaction_read_only]=on", place.url);
        let reads = apalis::Postgres::connect(&url).await.expect("connected").queue(&place.queue);
        let flushed = flush(&reads, orders(MANY)).await;
        assert_eq!(flushed.handed_back.len() as u64, MANY);
        then_all_run("database read-only", &place, &engine, flushed).await;
    }
}

mod out_of_memory {
    use super::*;

    async fn limit(place: &Place, bytes: &str) {
        let client = redis::Client::open(&*place.url).expect("a URL");
        let mut connection = client.get_multiplexed_async_connection().await.expect("connected");
        let mut set = redis::cmd("CONFIG");
        let set = set.arg("SET").arg("maxmemory").arg(bytes);
        set.query_async::<()>(&mut connection).await.expect("set");
    }

    async fn refused<S: Sender>() -> (Place, S, Flushed) {
        let place = Place::own::<S>();
        let sender = place.open::<S>().await;
        limit(&place, "1").await;
        let flushed = flush(&sender, orders(MANY)).await;
        limit(&place, "0").await;
        assert_eq!(flushed.handed_back.len() as u64, MANY);
        assert!(flushed.error().contains("OOM"), "{}", flushed.error());
        assert_eq!(place.held(&sender).await, 0);
        (place, sender, flushed)
    }

    async fn served<E: Engine>() {
        let (place, engine, flushed) = refused::<E>().await;
        then_all_run("out of memory", &place, &engine, flushed).await;
    }

    async fn sent<S: Sender>() {
        let (place, sender, flushed) = refused::<S>().await;
        flush(&sender, flushed.handed_back).await.all_left();
        assert_eq!(place.held(&sender).await, MANY);
        tell::<S>("out of memory", format_args!("{MANY} handed back; then each is there once"));
    }

    on!(served: apalis_redis, celery_redis);
    on!(sent: dramatiq_redis);
}

mod queue_full {
    use super::*;

    const ROOM: i32 = 100;

    /// A queue that takes so many messages and refuses the others.
    async fn small(place: &Place) {
        let connection =
            lapin::Connection::connect(&place.url, lapin::ConnectionProperties::default()).await;
        let channel = connection.expect("connected").create_channel().await.expect("a channel");
        let mut arguments = FieldTable::default();
        arguments.insert("x-max-length".into(), AMQPValue::LongInt(ROOM));
        arguments.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
        let durable = QueueDeclareOptions::durable();
        channel
            .queue_declare(place.queue.as_str().into(), durable, arguments)
            .await
            .expect("declared");
    }

    async fn refused<S: Sender>(sender: &S, place: &Place) {
        let flushed = flush(sender, orders(MANY)).await;
        assert!(flushed.error().contains("is the queue full?"), "{}", flushed.error());
        assert_eq!(place.held(sender).await, flushed.report.dispatched() as u64);
        let (dispatched, back) = (flushed.report.dispatched(), flushed.handed_back.len());
        let said = flushed.error();
        tell::<S>(
            "queue full",
            format_args!("{dispatched} dispatched, {back} handed back ({said})"),
        );
    }

    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "needs servers: run tests/live.sh"]
    async fn celery_rabbitmq() {
        let place = Place::shared::<celery::RabbitMq>();
        small(&place).await;
        let sender = celery::RabbitMq::connect(&place.url).await.expect("connected");
        refused(&sender.queue(&place.queue), &place).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "needs servers: run tests/live.sh"]
    async fn dramatiq_rabbitmq() {
        let place = Place::shared::<dramatiq::RabbitMq>();
        small(&place).await;
        let sender = dramatiq::RabbitMq::connect(&place.url).await.expect("connected");
        refused(&sender.queue(&place.queue), &place).await;
    }
}

/// A broker whose disk is nearly full confirms nothing, and refuses nothing either.
mod nearly_full_for_a_broker {
    use super::*;

    fn leave_free(place: &Place, space: &str) {
        place.server().rabbitmqctl(&["set_disk_free_limit", space]);
    }

    async fn blocked<S: Sender>() -> (Place, S, u64) {
        let place = Place::own::<S>();
        let sender = place.open::<S>().await;
        flush(&sender, [ship::intent(0)]).await.all_left();
        leave_free(&place, "1000000GB");
        let flushed = flush(&sender, orders(MANY)).await;
        let (dispatched, back) = (flushed.dispatched().len() as u64, flushed.handed_back.len());
        let said = flushed.error().to_owned();
        assert!(said.contains("did not answer within 30s"), "{said}");
        assert_eq!(dispatched + back as u64, MANY);

        leave_free(&place, "1MB");
        // What lay in the line may arrive now that the broker reads it.
        sleep(Duration::from_secs(3)).await;
        let late = place.held(&sender).await - 1 - dispatched;
        flush(&sender, flushed.handed_back).await.all_left();
        assert_eq!(place.held(&sender).await, 1 + MANY + late);
        tell::<S>(
            "disk nearly full",
            format_args!(
                "{dispatched} dispatched, {back} handed back, {late} arrived late ({said})"
            ),
        );
        (place, sender, late)
    }

    async fn served<E: Engine>() {
        let (place, engine, late) = blocked::<E>().await;
        place.serve(&engine, 0..=MANY).await;
        let ran = Ran::all(&place.record(), 0..=MANY);
        assert_eq!(ran.more_often, late, "what arrived late runs twice, and nothing else");
    }

    async fn sent<S: Sender>() {
        blocked::<S>().await;
    }

    on!(served: celery_rabbitmq);
    on!(sent: dramatiq_rabbitmq);
}

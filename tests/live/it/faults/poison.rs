//! Messages that can't be worked on: nobody can read one, the task of one panics, or takes its process
//! with it. The others are worked on all the same.

use std::time::{Duration, Instant};

use airlock::Intent;
use airlock::celery::RabbitMq;
use airlock::worker::DeadLetters;
use airlock_live::{Engine, aborts, pack, panics, ship};
use lapin::options::QueueDeclareOptions;
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Connection, ConnectionProperties};
use tokio::time::sleep;

use crate::faults::{PATIENCE, Place, Ran, eventually, flush, on, orders, tell};

/// How many good ones are behind the bad one.
const ORDERS: u64 = 100;

/// As `airlock_live::worker` has it.
const ATTEMPTS: usize = 3;

mod unreadable {
    use super::*;

    async fn fault<E: Engine>() {
        let place = Place::shared::<E>();
        let engine = place.open::<E>().await;
        flush(&engine, [ship::intent(0)]).await.all_left();
        let mut bodies: Vec<&[u8]> = vec![
            b"{}",
            b"[]",
            b"[[], {}]",
            b"17",
            br#"{"airlock": 99}"#,
            br#"{"headers": 7, "body": 1}"#,
        ];
        if E::TAKES_ANYTHING {
            bodies.extend([&b""[..], b"no JSON", b"\xff\xfe\x00{"]);
        }
        for body in &bodies {
            engine.put(&place.url, &place.queue, body).await;
        }
        flush(&engine, orders(ORDERS)).await.all_left();
        place.serve(&engine, 0..=ORDERS).await;

        let letters = engine.list(100).await.expect("listed");
        assert_eq!(letters.len(), bodies.len(), "{letters:#?}");
        for body in bodies {
            let letter = letters.iter().find(|letter| letter.body == body);
            let body = String::from_utf8_lossy(body);
            let letter = letter.unwrap_or_else(|| panic!("{body} is kept: {letters:#?}"));
            assert_eq!((letter.task.as_deref(), letter.attempts), (None, 1), "{letter:?}");
            let why = if E::ENVELOPES { "no envelope" } else { "no header `task`" };
            assert!(letter.reason.contains(why), "{body}: {letter:?}");
        }
        let ran = Ran::all_once(&place.record(), 0..=ORDERS);
        tell::<E>("unreadable", format_args!("{} dead letters; {ran}", letters.len()));
    }

    on!(fault: apalis_sqlite, apalis_postgres, apalis_redis, graphile, celery_rabbitmq, celery_redis);
}

mod panicking {
    use super::*;

    async fn fault<E: Engine>() {
        let place = Place::shared::<E>();
        let engine = place.open::<E>().await;
        let intents = [panics::intent(0)].into_iter().chain(orders(ORDERS));
        flush(&engine, intents).await.all_left();
        place.serve(&engine, 1..=ORDERS).await;
        // It may have been in the worker's hands when its queue looked empty.
        let other = place.worker::<E>(2, 4);
        let given_up = async || !engine.list(100).await.expect("listed").is_empty();
        eventually("it is given up", given_up).await;
        drop(other);

        let letters = engine.list(100).await.expect("listed");
        let [letter] = &letters[..] else { panic!("one dead letter: {letters:#?}") };
        assert_eq!(letter.task.as_deref(), Some("live.panics"));
        assert!(letter.reason.contains("order 0 can't be packed"), "{}", letter.reason);
        let begun = place.record().count("begun")[&0];
        assert_eq!(begun, ATTEMPTS);
        let ran = Ran::all_once(&place.record(), 1..=ORDERS);
        tell::<E>("panicking", format_args!("given up after {begun} attempts; {ran}"));
    }

    on!(fault: apalis_sqlite, apalis_postgres, apalis_redis, graphile, celery_rabbitmq, celery_redis);
}

mod aborting {
    use super::*;

    /// Concurrency and prefetch: others run beside it when it ends its process, and more wait there.
    const AMONG: (u32, u32) = (4, 16);

    fn intents(millis: u64) -> impl Iterator<Item = Intent> {
        orders(ORDERS / 2)
            .chain([aborts::intent(0, millis)])
            .chain((ORDERS / 2 + 1..=ORDERS).map(ship::intent))
    }

    /// Starts workers, one after another, until something is so; how many there were.
    async fn workers_until<E: Engine>(
        place: &Place,
        (concurrency, prefetch): (u32, u32),
        so: impl AsyncFn() -> bool,
    ) -> usize {
        let begun = Instant::now();
        for workers in 1.. {
            let mut worker = place.worker::<E>(concurrency, prefetch);
            while worker.lives() {
                if so().await {
                    return workers;
                }
                assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}, {workers} workers");
                sleep(Duration::from_millis(50)).await;
            }
        }
        unreachable!("there is no last number")
    }

    /// It is given up after that many deaths, and takes nothing along that ran or waited beside it.
    async fn given_up<E: Engine>(fault: &str, millis: u64, deaths: usize) {
        let place = Place::shared::<E>();
        let engine = place.open::<E>().await;
        flush(&engine, intents(millis)).await.all_left();
        let nothing_is_left = async || place.held(&engine).await == 0;
        let workers = workers_until::<E>(&place, AMONG, nothing_is_left).await;

        let letters = engine.list(1_000).await.expect("listed");
        let [letter] = &letters[..] else { panic!("one dead letter: {letters:#?}") };
        assert_eq!(letter.task.as_deref(), Some("live.aborts"));
        assert!(letter.reason.contains("did not live to say what became of it"), "{letter:?}");
        let begun = place.record().count("begun")[&0];
        assert_eq!(begun, deaths, "so often it was tried");
        assert_eq!(workers, deaths + 1, "nothing else killed a worker");
        let ran = Ran::all(&place.record(), 1..=ORDERS);
        let line = format_args!("{begun} workers died; {} dead letter; {ran}", letters.len());
        tell::<E>(fault, line);
    }

    mod after_a_while {
        use super::*;

        /// The engine was told of each attempt.
        async fn fault<E: Engine>() {
            given_up::<E>("aborting after a while", 200, ATTEMPTS).await;
        }

        on!(fault: apalis_sqlite, apalis_postgres, apalis_redis, graphile, celery_redis);
    }

    mod at_once {
        use super::*;

        /// The engine was not told of the first attempt, which was over too soon.
        async fn fault<E: Engine>() {
            given_up::<E>("aborting at once", 0, ATTEMPTS + 1).await;
        }

        on!(fault: apalis_sqlite, apalis_postgres, apalis_redis, graphile, celery_redis);
    }

    /// RabbitMQ counts for quorum queues alone, and by delivery: so what is not to be taken along has to
    /// be delivered one at a time.
    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "needs servers: run tests/live.sh"]
    async fn celery_rabbitmq_with_a_delivery_limit() {
        let place = Place::shared::<RabbitMq>();
        declare_with_limit(&place, ATTEMPTS).await;
        let engine = place.open::<RabbitMq>().await;
        flush(&engine, intents(0)).await.all_left();
        let all_ran = async || place.record().count("ran").len() as u64 == ORDERS;
        workers_until::<RabbitMq>(&place, (1, 0), all_ran).await;

        let letters = engine.list(100).await.expect("listed");
        let [letter] = &letters[..] else { panic!("one dead letter: {letters:#?}") };
        assert_eq!(letter.task.as_deref(), Some("live.aborts"));
        assert_eq!(letter.queue, place.queue);
        assert_eq!(letter.reason, "RabbitMQ gave it up: delivery_limit");
        let begun = place.record().count("begun")[&0];
        let ran = Ran::all(&place.record(), 1..=ORDERS);
        let line = format_args!("{begun} workers died; {} dead letter; {ran}", letters.len());
        tell::<RabbitMq>("aborting in a quorum queue", line);
    }

    async fn declare_with_limit(place: &Place, deliveries: usize) {
        let connection = Connection::connect(&place.url, ConnectionProperties::default());
        let channel =
            connection.await.expect("connected").create_channel().await.expect("a channel");
        let dead = format!("{}.dead", place.queue);
        let text = |text: &str| AMQPValue::LongString(text.into());
        let mut limit = FieldTable::default();
        limit.insert("x-queue-type".into(), text("quorum"));
        limit.insert(
            "x-delivery-limit".into(),
            AMQPValue::LongLongInt(i64::try_from(deliveries).expect("few")),
        );
        limit.insert("x-dead-letter-exchange".into(), text(""));
        limit.insert("x-dead-letter-routing-key".into(), text(&dead));
        for (queue, arguments) in [(&dead, FieldTable::default()), (&place.queue, limit)] {
            let durable = QueueDeclareOptions::durable();
            channel
                .queue_declare(queue.as_str().into(), durable, arguments)
                .await
                .expect("declared");
        }
    }

    /// Where the queue is a classic one, it comes back again and again, and somebody has to see to it.
    async fn uncounted<E: Engine>() {
        let place = Place::shared::<E>();
        let engine = place.open::<E>().await;
        flush(&engine, [aborts::intent(0, 0)]).await.all_left();
        let often = async || place.record().count("begun").get(&0).is_some_and(|n| *n > ATTEMPTS);
        workers_until::<E>(&place, AMONG, often).await;
        eventually("it is given back", async || place.held(&engine).await == 1).await;
        let begun = place.record().count("begun")[&0];
        tell::<E>(
            "aborting",
            format_args!("{begun} workers died, it is kept: nothing counts these"),
        );
    }

    on!(uncounted: celery_rabbitmq);
}

mod interrupted {
    use super::*;

    /// What may be tried once, and only waited in workers that died, is tried.
    async fn waiting<E: Engine>() {
        let place = Place::shared::<E>();
        let engine = place.open::<E>().await;
        let once = |order| pack::intent(order, 10_000).max_attempts(1);
        flush(&engine, (1..=4).map(once)).await.all_left();
        flush(&engine, (5..=10).map(|order| ship::intent(order).max_attempts(1))).await.all_left();
        let record = place.record();
        let mut killed = place.worker::<E>(4, 16);
        eventually("4 have begun", async || record.count("begun").len() == 4).await;
        killed.kill();
        place.serve(&engine, 5..=10).await;

        let letters = engine.list(100).await.expect("listed");
        assert_eq!(letters.len(), 4, "those that had begun: {letters:#?}");
        assert!(letters.iter().all(|letter| letter.task.as_deref() == Some("live.pack")));
        let ran = Ran::all_once(&record, 5..=10);
        tell::<E>("killed at the only attempt", format_args!("4 had begun: dead letters; {ran}"));
    }

    // Celery's messages don't say how often a task may be tried.
    on!(waiting: apalis_sqlite, apalis_postgres, apalis_redis, graphile);
}

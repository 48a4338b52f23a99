//! RabbitMQ's memory or disk is nearly full while a task fails: it takes nothing, and confirms nothing, until there is
//! room again; then it takes all that was sent meanwhile.

use std::time::Duration;

use airlock::Backoff;
use airlock::celery::RabbitMq;
use airlock::worker::{Settlement, Source};
use lapin::types::AMQPValue;
use lapin::{Connection, ConnectionProperties};
use tokio::time::{sleep, timeout};

use crate::engines::broker::{declare, text};
use crate::engines::fixture::{Fixture, fail, notes};
use crate::faults::{Place, eventually, tell};

/// How often the task that fails is tried.
const ATTEMPTS: u32 = 5;

/// What runs beside it.
const OTHERS: u64 = 20;

/// Longer than anybody waits for a confirmation, twice over.
const ALARM: Duration = Duration::from_secs(80);

/// Sets an alarm, and how it is put out.
const ALARMS: [(&str, [&str; 2], [&str; 2]); 2] = [
    (
        "memory",
        ["set_vm_memory_high_watermark", "0.000001"],
        ["set_vm_memory_high_watermark", "0.6"],
    ),
    ("disk", ["set_disk_free_limit", "1000000GB"], ["set_disk_free_limit", "1MB"]),
];

async fn fault(number: usize) {
    let (alarm, set, put_out) = ALARMS[number];
    let fixture = Fixture::<RabbitMq>::at(Place::own::<RabbitMq>()).await;
    let broker = fixture.place.server();
    fixture.send([fail::intent(0, u64::MAX)]).await;
    fixture.send(notes(1..=OTHERS)).await;
    broker.rabbitmqctl(&set);

    let worker = fixture.worker().max_attempts(ATTEMPTS).concurrency(4).prefetch(100);
    let worker = worker.backoff(Backoff::new(Duration::from_millis(10)));
    let source = fixture.place.open::<RabbitMq>().await;
    let meanwhile = async {
        fixture.runs.reach(1 + OTHERS).await;
        let one = async || fixture.place.unacknowledged() == 1;
        eventually("all others are acknowledged", one).await;
        sleep(ALARM).await;
        let during = fixture.runs.times_of(0).len();
        broker.rabbitmqctl(&put_out);
        eventually("it is given up", async || !fixture.letters().await.is_empty()).await;
        // Whatever else was published comes by then.
        sleep(Duration::from_secs(3)).await;
        during
    };
    let worker = worker.build().expect("a worker");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let run = worker.run(source, async { drop(stopped.await) });
    let (served, during) = tokio::join!(run, async {
        let during = meanwhile.await;
        let _ = stop.send(());
        during
    });
    let (runs, letters) = (fixture.runs.times_of(0).len(), fixture.letters().await.len());
    tell::<RabbitMq>(
        &format!("{alarm} alarm for {ALARM:?} while a task of {ATTEMPTS} attempts fails"),
        format_args!(
            "{OTHERS} others acknowledged meanwhile; {during} run during it and {runs} in all, {letters} dead letter"
        ),
    );
    assert_eq!((during, runs, letters), (1, ATTEMPTS as usize, 1));
    assert_eq!(served.expect("served").done, OTHERS);
}

/// What the broker has refused is tried again with each heartbeat, which does not wait until that is confirmed.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn while_something_is_tried_again() {
    let fixture = Fixture::<RabbitMq>::at(Place::own::<RabbitMq>()).await;
    let (broker, client) = (fixture.place.server(), ConnectionProperties::default());
    let connection = Connection::connect(&fixture.place.url, client).await.expect("connected");
    let channel = connection.create_channel().await.expect("a channel");
    let full =
        [("x-max-length", AMQPValue::LongLongInt(0)), ("x-overflow", text("reject-publish"))];
    declare(&channel, &format!("{}.dead", fixture.queue()), &full).await;
    fixture.send(notes(0..1)).await;
    let consumer = fixture.open().await;
    let messages = consumer.take(1).await;
    consumer.settle(messages, Settlement::Dead { reason: "refused".into() }).await;

    let (_, set, put_out) = ALARMS[0];
    broker.rabbitmqctl(&set);
    let heartbeat = timeout(consumer.0.heartbeat().expect("it has one"), consumer.0.keep_alive());
    let in_time = heartbeat.await.map(|alive| alive.expect("the broker knows the channel"));
    broker.rabbitmqctl(&put_out);
    in_time.expect("a heartbeat waits for what is tried again");
    tell::<RabbitMq>(
        "memory alarm while what was refused is tried again",
        "the heartbeat is in time",
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn of_memory() {
    fault(0).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn of_disk() {
    fault(1).await;
}

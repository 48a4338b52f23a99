//! A flush leaves in few round trips, however many intents it has: counted on the line to the server.

use std::time::Duration;

use airlock_live::{Sender, Server, ship};
use tokio::time::{sleep, timeout};

use crate::proxy::Proxy;
use crate::{servers, unique};

const MANY: u64 = 10_000;

/// Enough to see that a batch an intent would be counted as a round trip an intent.
const FEW: u64 = 20;

/// How many round trips a flush may take, and how much later answers arrive.
///
/// PostgreSQL and Redis answer once what they were asked at once. RabbitMQ confirms messages while
/// others are on their way, and how many of them at a time is up to the machine: on a line without
/// delay nearly every message may meet a confirmation. With one, messages can be sent only because
/// nobody waits for the confirmation of the one before; a slow machine takes longer, and more trips.
fn limits<S: Sender>() -> (String, usize, Duration) {
    match S::SERVER {
        Server::File => unreachable!("there is no line to a file"),
        Server::Postgres => (servers::postgres_url(), 10, Duration::ZERO),
        Server::Redis => (servers::redis_url(), 10, Duration::ZERO),
        Server::RabbitMq => (servers::amqp_url(), 500, Duration::from_millis(20)),
    }
}

/// The first flush of Celery over Redis looks beside itself for messages that lie elsewhere, in as many steps as the
/// server has thousands of keys.
async fn quiet(line: &Proxy, mut turns: usize) -> usize {
    loop {
        sleep(Duration::from_millis(500)).await;
        match line.turns() {
            now if now == turns => return turns,
            now => turns = now,
        }
    }
}

async fn counted<S: Sender>() {
    let (url, at_most, delay) = limits::<S>();
    let line = Proxy::to(&url);
    let sender = S::on_queue(line.url(), &unique::name("trips")).await.expect("opened");
    let flush = async |count, size| {
        let scope = airlock::scope().executor(sender.clone()).chunks(size);
        let flushed = scope.run_async(async { (1..=count).try_for_each(ship::enqueue) });
        let flushed = timeout(Duration::from_mins(2), flushed).await.expect("it leaves in time");
        flushed.expect("flushed").expect("enqueued");
        (line.turns(), line.sent())
    };
    // The first one connects, prepares its statements and declares its queue.
    let (turns, _) = flush(1, usize::MAX).await;
    let turns = quiet(&line, turns).await;
    line.delay_answers(delay);
    let (one_by_one, sent) = flush(FEW, 1).await;
    assert!((one_by_one - turns) as u64 >= FEW, "{} for {FEW} batches", one_by_one - turns);

    let (turns, all_sent) = flush(MANY, usize::MAX).await;
    let turns = turns - one_by_one;
    println!("{}: {MANY} intents in {turns} round trips", S::NAME);
    assert!(
        (1..=at_most).contains(&turns),
        "{turns} round trips, and at most {at_most} were meant"
    );
    assert!((all_sent - sent) as u64 > 100 * MANY, "they did not go along this line");
}

macro_rules! counted {
    ($($name:ident: $engine:ty,)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        #[ignore = "needs servers: run tests/live.sh"]
        async fn $name() {
            counted::<$engine>().await;
        }
    )*};
}

counted! {
    apalis_postgres: airlock::apalis::Postgres,
    apalis_redis: airlock::apalis::Redis,
    graphile: airlock::graphile::Graphile,
    celery_rabbitmq: airlock::celery::RabbitMq,
    celery_redis: airlock::celery::Redis,
    dramatiq_rabbitmq: airlock::dramatiq::RabbitMq,
    dramatiq_redis: airlock::dramatiq::Redis,
}

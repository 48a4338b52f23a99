//! A Redis whose memory is full: it takes no flush, and workers empty it.

use std::collections::BTreeSet;

use airlock::{Fate, Intent};
use airlock_live::{Engine, Sender};

use crate::engines::fixture::{Fixture, fail, flush, long, note, notes};
use crate::faults::{Place, eventually, on, tell};
use crate::log::Log;

async fn configure(place: &Place, setting: &str, value: &str) {
    let client = redis::Client::open(&*place.url).expect("a URL");
    let mut connection = client.get_multiplexed_async_connection().await.expect("connected");
    let mut set = redis::cmd("CONFIG");
    set.arg("SET").arg(setting).arg(value);
    let () = set.query_async(&mut connection).await.expect("set");
}

/// The texts of its failures don't grow with their number.
async fn refuses<S: Sender>() {
    const INTENTS: u32 = 6_000;
    let place = Place::own::<S>();
    let sender = place.open::<S>().await;
    let queues = [place.beside().queue, place.beside().queue];
    configure(&place, "maxmemory", "1").await;
    let intents = (0..INTENTS).map(|number| {
        let [one, other] = &queues;
        let queue = if number % 2 == 0 { one } else { other };
        note::intent(number.into()).queue(queue.clone())
    });
    let error = flush(&sender, intents.collect::<Vec<Intent>>()).await.expect_err("it is full");
    let texts = error.report().entries().iter().filter_map(|entry| match entry.fate() {
        Fate::Failed { error } => Some(error.len()),
        _ => None,
    });
    let (failed, bytes) = texts.fold((0, 0), |(texts, bytes), text| (texts + 1, bytes + text));
    tell::<S>(
        "a full server refuses a flush to two queues in turn",
        format_args!("{failed} of {INTENTS} failed, with {bytes} bytes of reasons; {error}"),
    );
    assert_eq!(failed + error.report().not_attempted(), INTENTS as usize);
    assert!(bytes <= 4_000 * failed && error.to_string().len() < 10_000);
}

/// A worker starts, receives, tries again, gives up, takes over and settles.
async fn drained<E: Engine>() {
    let fixture = Fixture::<E>::at(Place::own::<E>()).await;
    fixture.send(notes(0..50)).await;
    fixture.send([fail::intent(50, 1), fail::intent(51, 99), long::intent(52, 2_000)]).await;
    let lost = fixture.open().await;
    assert_eq!(lost.take(5).await.len(), 5);
    drop(lost);
    configure(&fixture.place, "maxmemory", "1").await;
    flush(&fixture.engine, notes([99])).await.expect_err("it is full");
    let source = fixture.place.open::<E>().await;
    let all = async || fixture.held().await == 0 && fixture.letters().await.len() == 1;
    let served = fixture.serve_with(fixture.worker().concurrency(4), &source, all).await;
    let ran: BTreeSet<_> = fixture.runs.numbers().into_iter().collect();
    tell::<E>(
        "a worker of a full server",
        format_args!(
            "{} ran, {} done, {} retried, {} dead letter",
            ran.len(),
            served.done,
            served.retried,
            served.dead
        ),
    );
    assert_eq!((ran.len(), served.done, served.dead), (53, 52, 1));
    assert_eq!(fixture.runs.times_of(52).len(), 1, "its heartbeat holds what takes long");
    assert!(fixture.engine.retry(&fixture.letter().await.id).await.expect("retried"));
}

/// Of what Redis removed there is a dead letter for each message that it still knows of.
async fn removed<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    fixture.send(notes(0..5)).await;
    let lost = fixture.open().await;
    assert_eq!(lost.take(3).await.len(), 3);
    drop(lost);
    let (bodies, expected) = match E::NAME {
        // Of what waits, Redis removes all or nothing.
        "celery-redis" => (format!("{}.held", fixture.queue()), 3),
        _ => (format!("{}:data", fixture.queue()), 5),
    };
    let client = redis::Client::open(&*fixture.place.url).expect("a URL");
    let mut connection = client.get_multiplexed_async_connection().await.expect("connected");
    let removed: usize =
        redis::cmd("DEL").arg(bodies).query_async(&mut connection).await.expect("answered");
    assert_eq!(removed, 1);
    let all = async || fixture.letters().await.len() == expected;
    let served = fixture.serve(all).await;
    for letter in fixture.letters().await {
        assert!(letter.reason.contains("noeviction"), "{letter:?}");
    }
    tell::<E>(
        "bodies removed by the server",
        format_args!("{} done, {} dead letters that say so", served.done, served.dead),
    );
    eventually("nothing is left", async || fixture.held().await == 0).await;
}

/// A dead letter whose message Redis removed is listed as such: it can be removed, and not retried.
async fn listed<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    fixture.send(notes(0..3)).await;
    for _ in 0..3 {
        fixture.give_up("given up").await;
    }
    let bodies = match E::NAME {
        "celery-redis" => format!("{}.dead.bodies", fixture.queue()),
        _ => format!("{}:data", fixture.queue()),
    };
    let client = redis::Client::open(&*fixture.place.url).expect("a URL");
    let mut connection = client.get_multiplexed_async_connection().await.expect("connected");
    let removed: usize =
        redis::cmd("DEL").arg(bodies).query_async(&mut connection).await.expect("answered");
    assert_eq!(removed, 1);
    let letters = fixture.letters().await;
    tell::<E>(
        "messages of dead letters removed by the server",
        format_args!("{} listed", letters.len()),
    );
    assert_eq!(letters.len(), 3);
    for letter in letters {
        let reason = &*letter.reason;
        assert!(
            reason.starts_with("given up; its body is gone") && reason.contains("noeviction"),
            "{reason}"
        );
        assert_eq!((letter.attempts, letter.body.len()), (1, 0));
        let refused =
            fixture.engine.retry(&letter.id).await.expect_err("nothing is there").to_string();
        assert!(
            refused.contains(&letter.id) && refused.contains("send its task again"),
            "{refused}"
        );
        assert!(fixture.engine.remove(&letter.id).await.expect("removed"));
    }
    assert_eq!(fixture.letters().await, []);
}

/// Of a whole list that Redis removed nothing is left that could be missed: it is asked whether it removes any.
async fn said<E: Engine>() {
    let (log, _guard) = Log::begin();
    let fixture = Fixture::<E>::at(Place::own::<E>()).await;
    configure(&fixture.place, "maxmemory", "20mb").await;
    configure(&fixture.place, "maxmemory-policy", "allkeys-random").await;
    let client = redis::Client::open(&*fixture.place.url).expect("a URL");
    let connection = client.get_multiplexed_async_connection().await.expect("connected");
    let is_said = async || {
        for key in 0..30 {
            let mut set = redis::cmd("SET");
            set.arg(key).arg(vec![0_u8; 1 << 20]);
            let () = set.query_async(&mut connection.clone()).await.expect("set");
        }
        !log.lines_with("ERROR").is_empty()
    };
    fixture.serve(is_said).await;
    let (warned, said) = (log.lines_with("WARN"), log.lines_with("ERROR"));
    tell::<E>("a server that removes keys", format_args!("{warned:#?} {said:#?}"));
    let may = "removes messages when its memory is full, because its `maxmemory-policy` is allkeys-random: set `noeviction`";
    assert!(warned.iter().any(|line| line.contains(may)), "{warned:#?}");
    assert!(said[0].contains("keys since it was asked last"), "{said:#?}");
}

/// What a worker holds comes back, although Redis has removed the leases.
async fn leases() {
    let fixture = Fixture::<airlock::celery::Redis>::new().await;
    fixture.send(notes(0..5)).await;
    let lost = fixture.open().await;
    assert_eq!(lost.take(5).await.len(), 5);
    drop(lost);
    let client = redis::Client::open(&*fixture.place.url).expect("a URL");
    let mut connection = client.get_multiplexed_async_connection().await.expect("connected");
    let leases = format!("{}.leases", fixture.queue());
    let removed: usize =
        redis::cmd("DEL").arg(leases).query_async(&mut connection).await.expect("answered");
    assert_eq!(removed, 1);
    assert_eq!(fixture.serve_until_ran(5).await.done, 5);
    assert_eq!(fixture.held().await, 0);
}

mod flushes {
    use super::*;
    on!(refuses: apalis_redis, celery_redis, dramatiq_redis);
}

mod workers {
    use super::*;
    on!(drained: apalis_redis, celery_redis);
}

mod evictions {
    use super::*;
    on!(removed: apalis_redis, celery_redis);

    #[tokio::test]
    #[ignore = "needs servers: run tests/live.sh"]
    async fn apalis_redis_says_so() {
        said::<airlock::apalis::Redis>().await;
    }

    #[tokio::test]
    #[ignore = "needs servers: run tests/live.sh"]
    async fn celery_redis_says_so() {
        said::<airlock::celery::Redis>().await;
    }

    #[tokio::test]
    #[ignore = "needs servers: run tests/live.sh"]
    async fn celery_redis_leases() {
        leases().await;
    }
}

mod letters_evicted {
    use super::*;
    on!(listed: apalis_redis, celery_redis);
}

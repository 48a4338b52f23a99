//! A Redis that refuses a command in the middle of a script, whose commands before that stay done: a key beside the
//! queue is of another type, or the user may not call the command. A worker, who looks after dead letters and who
//! sends go on all the same, until somebody mends it: then every message is there once.

use std::collections::BTreeSet;
use std::time::Duration;

use airlock::Intent;
use airlock::worker::Settlement;
use airlock_live::{Engine, Sender};
use redis::aio::MultiplexedConnection;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::engines::consumer::{Consumer, Taken};
use crate::engines::fixture::{flush, note, notes};
use crate::faults::{Place, on, tell};

/// The letters that are looked after, and what waits behind them.
const LETTERS: std::ops::Range<u64> = 0..3;
const WAITING: std::ops::Range<u64> = 3..13;

/// What Redis refuses.
#[derive(Clone, Debug)]
pub(super) enum Refusal {
    /// All that this key is used for.
    Key(String),
    /// This command, of the user that is called so.
    Command(&'static str),
}

/// Those that the scripts call, and some that they did.
const COMMANDS: [&str; 24] = [
    "hset",
    "hdel",
    "hincrby",
    "zadd",
    "zrem",
    "sadd",
    "srem",
    "lpush",
    "rpush",
    "rpop",
    "ltrim",
    "del",
    "expire",
    "publish",
    "set",
    "get",
    "lrange",
    "hget",
    "hmget",
    "exists",
    "hexists",
    "sismember",
    "smembers",
    "zrangebyscore",
];

/// The keys of a queue.
fn keys<S: Sender>(place: &Place) -> Vec<String> {
    let (between, parts): (&str, &[&str]) = match S::NAME {
        "celery-redis" => {
            (".", &["held", "leases", "begun", "deaths", "delayed", "dead", "dead.since"])
        }
        "apalis-redis" => (
            ":",
            &["active", "data", "meta", "scheduled", "signal", "idempotency", "workers", "dead"],
        ),
        _ => (".", &["msgs"]),
    };
    let mut keys: Vec<_> =
        parts.iter().map(|part| format!("{}{between}{part}", place.queue)).collect();
    // Celery's list of another priority, and Dramatiq's keys.
    keys.push(format!("{}\u{6}\u{16}3", place.queue));
    keys.push(format!("dramatiq:{}", place.queue));
    keys.push(format!("dramatiq:{}.msgs", place.queue));
    keys
}

fn refusals<S: Sender>(place: &Place) -> Vec<(Place, Refusal)> {
    let commands = COMMANDS.map(|command| (place.beside(), Refusal::Command(command)));
    let keys = (0..keys::<S>(place).len()).map(|number| {
        let place = place.beside();
        let key = keys::<S>(&place).swap_remove(number);
        (place, Refusal::Key(key))
    });
    commands.into_iter().chain(keys).collect()
}

async fn client(place: &Place) -> MultiplexedConnection {
    let client = redis::Client::open(&*place.url).expect("a URL");
    client.get_multiplexed_async_connection().await.expect("connected")
}

pub(super) async fn ask<T: redis::FromRedisValue>(place: &Place, command: &[&str]) -> T {
    let mut asked = redis::cmd(command[0]);
    asked.arg(&command[1..]);
    asked.query_async(&mut client(place).await).await.expect("answered")
}

/// A handle that is refused something from now on; none where the key is there already.
pub(super) async fn refused<S: Sender>(place: &Place, refusal: &Refusal) -> Option<S> {
    match refusal {
        Refusal::Key(key) => {
            let set: bool = ask(place, &["SETNX", key, "mine"]).await;
            if !set {
                return None;
            }
            Some(place.open().await)
        }
        Refusal::Command(command) => {
            let user = &*place.queue;
            let but = format!("-{command}");
            let rights = ["ACL", "SETUSER", user, "on", "nopass", "~*", "&*", "+@all", &but];
            let () = ask(place, &rights).await;
            let url = place.url.replacen("://", &format!("://{user}:any@"), 1);
            Some(S::on_queue(&url, &place.queue).await.expect("connected"))
        }
    }
}

pub(super) async fn mend(place: &Place, refusal: &Refusal) {
    if let Refusal::Key(key) = refusal {
        let () = ask(place, &["DEL", key]).await;
    }
}

/// How often each message is there in the end: all that was not acknowledged as done is there once.
async fn worked<E: Engine>(place: Place, refusal: Refusal) -> Option<(usize, usize)> {
    let engine = place.open::<E>().await;
    flush(&engine, notes(LETTERS)).await.expect("flushed");
    let consumer = Consumer::of(engine.clone()).await;
    let letters = consumer.take(LETTERS.count()).await;
    consumer.settle(letters, Settlement::Dead { reason: "not yet".into() }).await;
    consumer.close().await;
    flush(&engine, notes(WAITING)).await.expect("flushed");

    let handle = refused::<E>(&place, &refusal).await?;
    let mut done = BTreeSet::new();
    for letter in engine.list(10).await.unwrap_or_default() {
        // An error says that it is refused.
        let _ = handle.retry(&letter.id).await;
    }
    let _ = handle.open().await;
    for _ in 0..3 {
        let messages = handle.receive(5).await.unwrap_or_default();
        let messages: Vec<_> = messages.into_iter().map(Taken::new).collect();
        let receipts: Vec<_> = messages.iter().map(|message| &message.receipt).collect();
        let _ = handle.begin(&receipts).await;
        let settled: Vec<_> = messages
            .into_iter()
            .map(|Taken { receipt, number, .. }| {
                let settlement = match number % 4 {
                    0 => Settlement::Return,
                    1 => Settlement::Retry { after: Duration::ZERO, reason: Some("no".into()) },
                    2 => Settlement::Dead { reason: "no".into() },
                    _ => Settlement::Done,
                };
                if settlement == Settlement::Done {
                    done.insert(number);
                }
                airlock::worker::Settled { receipt, settlement }
            })
            .collect();
        let _ = handle.settle(&settled).await;
        let _ = handle.keep_alive().await;
    }
    let _ = handle.close().await;
    mend(&place, &refusal).await;
    drop(handle);
    Some(left(&place.open::<E>().await, &done).await)
}

/// How many messages come no more, and how many come twice, other than those that are done.
async fn left<E: Engine>(engine: &E, done: &BTreeSet<u64>) -> (usize, usize) {
    let consumer = Consumer::of(engine.clone()).await;
    let mut missing: BTreeSet<u64> = (LETTERS.start..WAITING.end).collect();
    missing.retain(|number| !done.contains(number));
    let mut twice = 0;
    let take = async |missing: &mut BTreeSet<u64>, twice: &mut usize| {
        for letter in consumer.0.list(100).await.expect("listed") {
            assert!(consumer.0.retry(&letter.id).await.expect("retried"), "{letter:?}");
        }
        let messages = consumer.take_now(100).await;
        for message in &messages {
            let is_new = missing.remove(&message.number);
            *twice += usize::from(!is_new && !done.contains(&message.number));
        }
        consumer.settle(messages, Settlement::Done).await;
        consumer.0.keep_alive().await.expect("kept alive");
        sleep(Duration::from_millis(100)).await;
    };
    let all = async {
        while !missing.is_empty() {
            take(&mut missing, &mut twice).await;
        }
    };
    // On a server that works it takes as long as until the other worker counts as lost.
    let _ = timeout(Duration::from_mins(1), all).await;
    for _ in 0..10 {
        take(&mut missing, &mut twice).await;
    }
    (missing.len(), twice)
}

mod of_a_worker {
    use super::*;

    async fn fault<E: Engine>() {
        let server = Place::own::<E>();
        let mut cases = JoinSet::new();
        for (place, refusal) in refusals::<E>(&server) {
            cases.spawn(async move { (worked::<E>(place, refusal.clone()).await, refusal) });
        }
        let (mut all, mut lost, mut twice, mut wrong) = (0, 0, 0, Vec::new());
        for (left, refusal) in cases.join_all().await {
            let Some((missing, doubled)) = left else { continue };
            (all, lost, twice) = (all + 1, lost + missing, twice + doubled);
            if missing + doubled > 0 {
                wrong.push(format!("{refusal:?}: {missing} lost, {doubled} twice"));
            }
        }
        let messages = all * (WAITING.end - LETTERS.start);
        let line = format!("{all} refusals, {messages} messages: {lost} lost, {twice} twice");
        tell::<E>("refused commands", &line);
        assert!(wrong.is_empty(), "{line}: {wrong:#?}");
    }

    on!(fault: apalis_redis, celery_redis);
}

mod of_a_flush {
    use super::*;

    /// How many messages are to be run. Dramatiq's workers run those whose ids are in its list.
    async fn held<S: Sender>(place: &Place, sender: &S) -> u64 {
        match S::NAME {
            "dramatiq-redis" => ask(place, &["LLEN", &format!("dramatiq:{}", place.queue)]).await,
            _ => place.held(sender).await,
        }
    }

    /// What left is there, and what was handed back leaves once it can: no unique key keeps it out.
    async fn sent<S: Sender>(place: Place, refusal: Refusal) -> Option<(Refusal, u64, u64)> {
        let healthy = place.open::<S>().await;
        let handle = refused::<S>(&place, &refusal).await?;
        let keyed = |number: u64| note::intent(number).unique_key(format!("key {number}"));
        let intents: Vec<Intent> = (0..5).map(note::intent).chain((5..10).map(keyed)).collect();
        let back = match flush(&handle, intents).await {
            Ok(_) => Vec::new(),
            Err(error) => error.into_intents(),
        };
        mend(&place, &refusal).await;
        let left = 10 - back.len() as u64;
        let there = held(&place, &healthy).await;
        // A key may take its millisecond.
        sleep(Duration::from_millis(5)).await;
        flush(&healthy, back).await.expect("flushed");
        let then = held(&place, &healthy).await;
        assert_eq!(there, left, "{refusal:?}: what is said to have left");
        Some((refusal, left, then))
    }

    async fn fault<S: Sender>() {
        let server = Place::own::<S>();
        let mut cases = JoinSet::new();
        for (place, refusal) in refusals::<S>(&server) {
            cases.spawn(sent::<S>(place, refusal));
        }
        let (mut all, mut first, mut wrong) = (0, 0, Vec::new());
        for (refusal, left, then) in cases.join_all().await.into_iter().flatten() {
            (all, first) = (all + 1, first + left);
            if then != 10 {
                wrong.push(format!("{refusal:?}: {then} of 10"));
            }
        }
        tell::<S>(
            "refused commands",
            format_args!(
                "{all} refusals of a flush of 10: {first} left at first, the others then; {wrong:?}"
            ),
        );
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    on!(fault: apalis_redis, celery_redis, dramatiq_redis);
}

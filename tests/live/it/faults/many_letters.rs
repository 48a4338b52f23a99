//! To list dead letters changes nothing, and holds the server up for a moment at most, however many there are.

use airlock_live::Engine;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Value};

use crate::faults::{PATIENCE, Place, on, tell};

const LETTERS: usize = 300_000;

/// The longest that others wait for one command. One script for all took 3.5 seconds.
const MOST_MICROS: u64 = 500_000;

/// The number, when, how many microseconds it took, the command, and whose it was.
type Entry = (u64, u64, u64, Vec<Vec<u8>>, String, String);

async fn ask<T: redis::FromRedisValue>(
    connection: &mut MultiplexedConnection,
    command: &[&str],
) -> T {
    let mut asked = redis::cmd(command[0]);
    asked.arg(&command[1..]);
    asked.query_async(connection).await.expect("answered")
}

/// Writes letters as workers leave them.
async fn write<E: Engine>(connection: &mut MultiplexedConnection, queue: &str) {
    let script = match E::NAME {
        "celery-redis" => {
            "for n = tonumber(ARGV[2]), tonumber(ARGV[3]) do
               local id = string.format('%08d', n)
               redis.call('HSET', ARGV[1] .. '.dead', id, '{\"reason\":\"r\",\"attempts\":3,\"list\":1,\"since\":\"2026-11-23T20:31:21Z\"}')
               redis.call('HSET', ARGV[1] .. '.dead.bodies', id, '{}')
               redis.call('ZADD', ARGV[1] .. '.dead.since', math.floor(n / 5000), id)
             end"
        }
        _ => {
            "for n = tonumber(ARGV[2]), tonumber(ARGV[3]) do
               local id = string.format('%08d', n)
               redis.call('HSET', ARGV[1] .. ':data', id, '{}')
               redis.call('HSET', ARGV[1] .. ':meta:' .. id, 'done_at', math.floor(n / 5000), 'attempts', 3, 'result', '{\"Err\":\"r\"}')
               redis.call('SADD', ARGV[1] .. ':dead', id)
             end"
        }
    };
    for first in (0..LETTERS).step_by(10_000) {
        let (first, last) = (first.to_string(), (first + 9_999).to_string());
        ask::<Value>(connection, &["EVAL", script, "0", queue, &first, &last]).await;
    }
}

async fn changes(connection: &mut MultiplexedConnection) -> String {
    let persistence: String = ask(connection, &["INFO", "persistence"]).await;
    let changes = persistence.lines().find(|line| line.starts_with("rdb_changes_since_last_save"));
    changes.expect("a count").to_owned()
}

async fn listed<E: Engine>() {
    let place = Place::own::<E>();
    let engine = place.open::<E>().await;
    let client = redis::Client::open(&*place.url).expect("a URL");
    let patient = AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
    let connection = client.get_multiplexed_async_connection_with_config(&patient).await;
    let mut connection = connection.expect("connected");
    write::<E>(&mut connection, &place.queue).await;
    ask::<Value>(&mut connection, &["CONFIG", "SET", "save", ""]).await;
    ask::<Value>(&mut connection, &["CONFIG", "SET", "slowlog-log-slower-than", "1000"]).await;
    ask::<Value>(&mut connection, &["CONFIG", "SET", "slowlog-max-len", "10000"]).await;
    ask::<Value>(&mut connection, &["SLOWLOG", "RESET"]).await;
    let before = changes(&mut connection).await;

    let oldest = engine.list(100).await.expect("listed");
    let ids: Vec<_> = oldest.iter().map(|letter| letter.id.clone()).collect();
    let expected: Vec<_> = (0..100).map(|n| format!("{n:08}")).collect();
    assert_eq!(ids, expected, "the oldest first");
    let all = engine.list(usize::MAX).await.expect("listed");
    let ids: std::collections::BTreeSet<_> = all.iter().map(|letter| &*letter.id).collect();
    assert_eq!((all.len(), ids.len()), (LETTERS, LETTERS), "each once");
    let some = engine.find("00123456").await.expect("asked").expect("it is there");
    assert_eq!((&*some.reason, some.attempts, &*some.body), ("r", 3, &b"{}"[..]));

    let slow: Vec<Entry> = ask(&mut connection, &["SLOWLOG", "GET", "-1"]).await;
    let longest = slow.iter().map(|(_, _, micros, ..)| *micros).max().unwrap_or(0);
    assert_eq!(changes(&mut connection).await, before, "nothing has changed");
    tell::<E>(
        "many dead letters",
        format_args!(
            "{} listed; the longest command took {longest} µs, {} took more than 1 ms",
            all.len(),
            slow.len()
        ),
    );
    assert!(longest < MOST_MICROS, "{longest} µs");
}

on!(listed: apalis_redis, celery_redis);

//! What real engines do is what the model in `tests/model` does: two workers, the first of which is paused.
//!
//! Each worker notes what it asks and is answered. Meanwhile the test looks at the server's own tables or keys, behind
//! airlock's back: where each message is, who has it, and how old the lease is. The model has to allow all of that, in the
//! order and within the times in which it happened.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use airlock::{apalis, celery};
use airlock_live::{ATTEMPTS, Engine, LOST_AFTER, now, pack};
use airlock_protocol::replay::{Entry, Precision, Refused, Row, Seen, replay};
use airlock_protocol::{MESSAGES, Rules};
use sqlx::{Connection as _, PgConnection};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::faults::{Place, eventually, flush, on, tell};

/// How long each task takes.
const MILLIS: u64 = 1_500;

/// An engine into which a test can look.
trait Looked: Engine {
    /// Whether who receives takes over what lost workers held, message by message.
    const RECEIVED_FROM_THE_LOST: bool = false;

    /// How exact its times are.
    const PRECISION: Precision;

    /// Where each message is that is not settled, in the order in which they were sent: by whom it is held, where the
    /// server tells, and how many milliseconds ago the lease was renewed.
    fn look(&self, place: &Place) -> impl Future<Output = Vec<(String, Found)>> + Send;
}

/// Where a message is.
enum Found {
    Queued,
    Held { by: Option<String>, age: i64 },
    Settled,
}

/// What is asked of tables: a message's id, its status, who locked it, and how old that one's heartbeat is.
fn of_row((id, status, by, age): (String, String, Option<String>, Option<i64>)) -> (String, Found) {
    let found = match (&*status, by) {
        ("Done" | "Killed", _) => Found::Settled,
        ("Queued" | "Running", Some(by)) => {
            Found::Held { by: Some(by), age: age.expect("the holder is known") }
        }
        _ => Found::Queued,
    };
    (id, found)
}

impl Looked for apalis::Sqlite {
    // Its times are in whole seconds.
    const PRECISION: Precision = Precision { lost: 1_000, age: 1_100 };

    async fn look(&self, place: &Place) -> Vec<(String, Found)> {
        let look = "SELECT Jobs.id, status, lock_by,
                CAST((unixepoch('subsec') - last_seen) * 1000 AS INTEGER)
            FROM Jobs LEFT JOIN Workers ON Workers.id = lock_by WHERE job_type = ? ORDER BY Jobs.id";
        let rows = sqlx::query_as(look).bind(&place.queue).fetch_all(self.pool()).await;
        rows.expect("rows").into_iter().map(of_row).collect()
    }
}

impl Looked for apalis::Postgres {
    const PRECISION: Precision = Precision { lost: 20, age: 100 };

    async fn look(&self, place: &Place) -> Vec<(String, Found)> {
        let look =
            "SELECT jobs.id, status, lock_by, (extract(epoch FROM now() - last_seen) * 1000)::int8
            FROM apalis.jobs LEFT JOIN apalis.workers ON workers.id = lock_by
            WHERE job_type = $1 ORDER BY jobs.id";
        let mut connection = PgConnection::connect(&place.url).await.expect("connected");
        let rows = sqlx::query_as(look).bind(&place.queue).fetch_all(&mut connection).await;
        rows.expect("rows").into_iter().map(of_row).collect()
    }
}

/// The list, what is held, the leases, and the server's time.
type Keys = (Vec<String>, HashMap<String, String>, HashMap<String, i64>, (i64, i64));

impl Looked for celery::Redis {
    const RECEIVED_FROM_THE_LOST: bool = true;
    const PRECISION: Precision = Precision { lost: 20, age: 150 };

    async fn look(&self, place: &Place) -> Vec<(String, Found)> {
        let client = redis::Client::open(&*place.url).expect("a URL");
        let mut connection = client.get_multiplexed_async_connection().await.expect("connected");
        let queue = &place.queue;
        let asked: Keys = redis::pipe()
            .atomic()
            .lrange(queue, 0, -1)
            .hgetall(format!("{queue}.held"))
            .zrange_withscores(format!("{queue}.leases"), 0, -1)
            .cmd("TIME")
            .query_async(&mut connection)
            .await
            .expect("keys");
        let (mut list, held, leases, (seconds, micros)) = asked;
        // The last of a list is the next.
        list.reverse();
        let now = seconds * 1_000 + micros / 1_000;
        let lease = i64::try_from(LOST_AFTER.as_millis()).expect("short");
        let held = held.into_iter().map(|(tag, kept)| {
            let age = lease - (leases[&tag] - now);
            (kept[1..].to_owned(), Found::Held { by: None, age })
        });
        list.into_iter().map(|message| (message, Found::Queued)).chain(held).collect()
    }
}

/// Looks again and again, until it is told to end.
async fn looks<E: Looked>(engine: E, place: Place, mut end: watch::Receiver<bool>) -> Vec<Entry> {
    let (mut ids, mut names, mut looks) = (Vec::new(), Vec::new(), Vec::new());
    while !*end.borrow_and_update() {
        let from = now();
        let found = engine.look(&place).await;
        let to = now();
        if ids.is_empty() {
            ids.extend(found.iter().map(|(id, _)| id.clone()));
        }
        let mut rows = [Row::Gone; MESSAGES];
        for (id, found) in found {
            let message = ids.iter().position(|known| *known == id).expect("one that was sent");
            rows[message] = match found {
                Found::Queued => Row::Queued,
                Found::Settled => Row::Gone,
                Found::Held { by, age } => {
                    let by = by.map(|by| {
                        let known = names.iter().position(|name| *name == by);
                        known.unwrap_or_else(|| {
                            names.push(by);
                            names.len() - 1
                        })
                    });
                    Row::Held { by, age: u64::try_from(age).unwrap_or_default() }
                }
            };
        }
        looks.push(Entry { from, to, seen: Seen::Look { rows } });
        sleep(Duration::from_millis(150)).await;
    }
    looks
}

/// What two workers did, the first of which was paused, and what the server held meanwhile.
async fn traced<E: Looked>(place: &Place) -> (Vec<Entry>, String) {
    let engine = place.open::<E>().await;
    flush(&engine, (0..3).map(|order| pack::intent(order, MILLIS))).await.all_left();
    let (end, ended) = watch::channel(false);
    let looking = tokio::spawn(looks(engine.clone(), place.again(), ended));
    let mut paused = place.traced_worker::<E>(0);
    let record = place.record();
    eventually("one has begun", async || record.count("begun").len() == 1).await;
    sleep(Duration::from_millis(300)).await;
    paused.stop();
    let mut other = place.traced_worker::<E>(1);
    eventually("all ran", async || record.count("ran").len() == 3).await;
    eventually("all is settled", async || place.held(&engine).await == 0).await;
    paused.go_on();
    eventually("it ends what it was at", async || record.count("ran")[&0] == 2).await;
    sleep(Duration::from_millis(500)).await;
    end.send(true).expect("it looks");
    let mut entries = looking.await.expect("no panic");
    let looks = entries.len();
    let said = format!("paused: {}; other: {}", paused.ends(), other.ends());

    let written = fs::read_to_string(place.path("trace")).expect("a trace");
    entries.extend(written.lines().map(|line| line.parse::<Entry>().expect("an entry")));
    entries.sort_by_key(|entry| entry.from);
    let calls = entries.len() - looks;
    (entries, format!("{calls} calls and {looks} looks at the server; {said}"))
}

fn replayed<E: Looked>(entries: &[Entry]) -> Result<(), Box<Refused>> {
    let rules = Rules {
        attempts: u8::try_from(ATTEMPTS).expect("few"),
        lost: u16::try_from(LOST_AFTER.as_millis()).expect("short"),
        received_from_the_lost: E::RECEIVED_FROM_THE_LOST,
        without: None,
    };
    replay(entries, rules, E::PRECISION)
}

/// What makes an entry one that can't be, where it is such an entry.
type Corrupt = fn(&mut Seen) -> bool;

const CORRUPTED: [(&str, Corrupt); 4] = [
    ("settled by who no longer holds it", |seen| match seen {
        Seen::Settle { held, .. } => !std::mem::replace(held, true),
        _ => false,
    }),
    ("an attempt that is not counted", |seen| match seen {
        Seen::Receive { attempt, .. } if *attempt > 1 => {
            *attempt -= 1;
            true
        }
        _ => false,
    }),
    ("begun by who no longer holds it", |seen| match *seen {
        Seen::Ask { worker, message, held: false } => {
            *seen = Seen::Run { worker, message };
            true
        }
        _ => false,
    }),
    ("a lease that nobody renewed", |seen| match seen {
        Seen::Look { rows } => rows.iter_mut().any(|row| match row {
            Row::Held { age, .. } if *age > 2_000 => {
                *age = 0;
                true
            }
            _ => false,
        }),
        _ => false,
    }),
];

async fn fault<E: Looked>() {
    let place = Place::shared::<E>();
    let (entries, said) = traced::<E>(&place).await;
    if let Err(refused) = replayed::<E>(&entries) {
        let lines: Vec<_> = entries.iter().map(Entry::to_string).collect();
        panic!("{refused}\n\n{}", lines.join("\n"));
    }
    // The same, but for one entry each.
    for (what, corrupt) in CORRUPTED {
        let mut entries = entries.clone();
        assert!(entries.iter_mut().any(|entry| corrupt(&mut entry.seen)), "{what}: none");
        assert!(replayed::<E>(&entries).is_err(), "{what}: the model allows it");
    }
    tell::<E>("trace", format_args!("replayed {said}; {} corrupted ones refused", CORRUPTED.len()));
}

on!(fault: apalis_sqlite, apalis_postgres, celery_redis);

//! A worker's messages from Redis.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime};

use ::redis::aio::MultiplexedConnection;
use ::redis::{FromRedisValue, Script, ScriptInvocation};
use ::tokio::time::sleep;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::core::task::called::BoxError;
use crate::engines::celery::received::Raw;
use crate::engines::celery::redis::message::Opened;
use crate::engines::celery::redis::{dead, keys};
use crate::engines::celery::sent::iso8601;
use crate::engines::celery::{REASON, Redis, UNIQUE_KEY};
use crate::engines::shared::redis::{Room, UniqueKey};
use crate::envelope::Envelope;
use crate::worker::{Message, Settled, Settlement, Source};

/// What [`Redis`] has to know of a message to settle it.
///
/// # Examples
///
/// ```
/// use airlock::celery::RedisReceipt;
///
/// fn queue_of(receipt: &RedisReceipt) -> &str {
///     receipt.queue()
/// }
/// ```
pub struct RedisReceipt {
    queue: String,
    /// By what the message is held.
    tag: String,
    /// Which of the queue's lists it came from, counted from 1.
    pub(super) list: usize,
    pub(super) raw: Vec<u8>,
    id: String,
    unique_key: String,
    pub(super) attempt: u32,
}

impl RedisReceipt {
    /// The queue that the message came from.
    pub fn queue(&self) -> &str {
        &self.queue
    }
}

/// Says nothing of the message's arguments, some of which may be secret.
impl std::fmt::Debug for RedisReceipt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisReceipt")
            .field("id", &self.id)
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}

/// How long the server is asked to wait for a message: less than a connection waits for an answer.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// How long nobody listens after a connection that waits was lost.
const PAUSE: Duration = Duration::from_millis(250);

/// What a worker has under way. A clone has its own, so that two workers don't share one.
#[derive(Default)]
pub(super) struct Intake {
    /// The tags of what the worker holds, each with its queue.
    held: Mutex<HashMap<String, String>>,
    /// Connections that wait for messages, by queue: such a one can do nothing else meanwhile.
    waiting: ::tokio::sync::Mutex<HashMap<String, MultiplexedConnection>>,
    /// How often was received, so that each queue is the first one in turn.
    turn: AtomicUsize,
}

impl Intake {
    fn held(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clone for Intake {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl std::fmt::Debug for Intake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Intake").finish_non_exhaustive()
    }
}

/// Takes messages, and notes who holds them in the same step. Before that, what dead workers held and
/// what has become due go to where messages are taken.
///
/// Keys: held, leases, delayed, begun, deaths, and the lists by priority. Arguments: room, lease, and
/// what tags begin with. A message is kept behind the number of its list. How many of its workers died
/// while it ran is counted beside it, by its digest: the message itself stays what its sender wrote.
const RECEIVE: &str = "
local held, leases, delayed, begun, deaths = unpack(KEYS, 1, 5)
local room, lease, prefix = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function put_first(kept)
  redis.call('RPUSH', KEYS[5 + tonumber(kept:sub(1, 1))], kept:sub(2))
end

local lapsed = redis.call('ZRANGEBYSCORE', leases, '-inf', now, 'LIMIT', 0, 1000)
table.sort(lapsed, function(a, b) return a > b end)
for _, tag in ipairs(lapsed) do
  local kept = redis.call('HGET', held, tag)
  if kept then
    put_first(kept)
    local counts = redis.call('SREM', begun, tag)
    redis.call('HINCRBY', deaths, redis.sha1hex(kept:sub(2)), counts)
    redis.call('EXPIRE', deaths, 604800)
  end
  redis.call('HDEL', held, tag)
  redis.call('ZREM', leases, tag)
end

local due = redis.call('ZRANGEBYSCORE', delayed, '-inf', now, 'LIMIT', 0, room)
for i = #due, 1, -1 do
  put_first(due[i])
  redis.call('ZREM', delayed, due[i])
end

local taken = {}
local counted = redis.call('EXISTS', deaths) == 1
for list = 1, #KEYS - 5 do
  local messages = #taken < room and redis.call('RPOP', KEYS[5 + list], room - #taken)
  for _, message in ipairs(messages or {}) do
    local tag = prefix .. string.format('%06d', #taken)
    redis.call('HSET', held, tag, list .. message)
    redis.call('ZADD', leases, now + lease, tag)
    local died = counted and redis.call('HGET', deaths, redis.sha1hex(message))
    taken[#taken + 1] = { tag, list, message, died or '' }
  end
end
return taken
";

/// Notes which messages begin, as far as they are still held.
///
/// Keys: held and begun. Arguments: their tags.
const BEGIN: &str = "
for _, tag in ipairs(ARGV) do
  if redis.call('HEXISTS', KEYS[1], tag) == 1 then redis.call('SADD', KEYS[2], tag) end
end
";

/// Notes what became of messages. One that is not held any more was given to another worker. A dead
/// letter is kept by its tag, of which there is one: ids are the senders', and two may have the same.
///
/// Keys: held, leases, delayed, dead letters, since when they are, begun and deaths. Arguments, for each message:
/// what to do, tag, and three more; see `arguments`.
const SETTLE: &str = "
local held, leases, delayed, dead, since, begun, deaths = unpack(KEYS)
local counted = redis.call('EXISTS', deaths) == 1
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i = 1, #ARGV, 5 do
  local what, tag, a, b, c = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
  redis.call('ZREM', leases, tag)
  redis.call('SREM', begun, tag)
  if counted and what ~= 'return' then
    local kept = redis.call('HGET', held, tag)
    -- One that came early stays the same message.
    if kept and not (what == 'retry' and kept == b) then redis.call('HDEL', deaths, redis.sha1hex(kept:sub(2))) end
  end
  if redis.call('HDEL', held, tag) == 1 then
    if what == 'return' then
      redis.call('RPUSH', a, b)
    elseif what == 'retry' then
      redis.call('ZADD', delayed, now + tonumber(a), b)
    else
      if what == 'dead' then
        redis.call('HSET', dead, tag, b)
        redis.call('ZADD', since, now, tag)
      end
      if c ~= '' and redis.call('GET', c) == a then redis.call('DEL', c) end
    end
  end
end
";

/// Prolongs leases; not those of what was settled meanwhile.
const KEEP: &str = "
local time = redis.call('TIME')
local till = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[1])
for i = 2, #ARGV do
  redis.call('ZADD', KEYS[1], 'XX', till, ARGV[i])
end
";

impl Redis {
    /// Runs a script.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        script: &str,
        prepare: impl FnOnce(&mut ScriptInvocation<'_>),
    ) -> Result<T, BoxError> {
        let mut connection = self.server.connection().await?;
        let script = Script::new(script);
        let mut invocation = script.prepare_invoke();
        prepare(&mut invocation);
        match invocation.invoke_async(&mut connection).await {
            Ok(value) => Ok(value),
            Err(error) => Err(self.server.trouble(&error).await),
        }
    }

    async fn receive_from(
        &self,
        queue: &str,
        room: usize,
    ) -> Result<Vec<Message<RedisReceipt>>, BoxError> {
        let taken: Vec<(String, usize, Vec<u8>, String)> = self
            .run(RECEIVE, |script| {
                script.key(keys::held(queue)).key(keys::leases(queue)).key(keys::delayed(queue));
                script.key(keys::begun(queue)).key(keys::deaths(queue));
                // Ids of version 7 are in the order of time, and so are tags.
                let prefix = Uuid::now_v7().simple().to_string();
                script.key(&keys::lists(queue)).arg(room).arg(millis(self.lease)).arg(prefix);
            })
            .await?;
        let mut held = self.intake.held();
        let messages = taken.into_iter().map(|(tag, list, raw, deaths)| {
            held.insert(tag.clone(), queue.to_owned());
            message(queue, tag, list, raw, deaths.parse().ok())
        });
        Ok(messages.collect())
    }

    /// Returns when there is a message in a queue's first list, or after a while.
    async fn wait_for(&self, queue: &str, connection: &mut MultiplexedConnection) -> bool {
        let end = Instant::now() + self.poll;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            // What is taken is put back to where it was in the same step: nothing moves. To wait for no
            // time would be to wait for ever.
            let wait = left.clamp(Duration::from_millis(1), ANSWERS_WITHIN).as_secs_f64();
            let mut command = ::redis::cmd("BLMOVE");
            command.arg(queue).arg(queue).arg("RIGHT").arg("RIGHT").arg(wait);
            match command.query_async(connection).await {
                Ok(::redis::Value::Nil) => {}
                Ok(_) => return true,
                Err(_) => return false,
            }
        }
    }
}

fn message(
    queue: &str,
    tag: String,
    list: usize,
    raw: Vec<u8>,
    deaths: Option<u32>,
) -> Message<RedisReceipt> {
    let opened = Opened::of(&raw);
    let decoded = Raw {
        queue,
        headers: &opened.headers,
        content_type: opened.text("content-type"),
        content_encoding: opened.text("content-encoding"),
        body: &opened.body,
    };
    let envelope = Opened::check_size(&raw).and_then(|()| decoded.envelope());
    let attempt = decoded.attempt().saturating_add(deaths.unwrap_or(0));
    let due = envelope.as_ref().ok().and_then(Envelope::at);
    let header = |name: &str| opened.headers.get(name).and_then(Value::as_str).map(str::to_owned);
    let receipt = RedisReceipt {
        queue: queue.to_owned(),
        id: header("id").unwrap_or_else(|| tag.clone()),
        unique_key: header(UNIQUE_KEY).map(|key| UniqueKey::name(queue, &key)).unwrap_or_default(),
        tag,
        list,
        raw,
        attempt,
    };
    Message::new(receipt, envelope).attempt(attempt).interrupted(deaths.is_some()).due(due)
}

/// What the script is told of a message.
fn arguments(
    Settled { receipt, settlement }: &Settled<RedisReceipt>,
) -> (&str, String, Vec<u8>, &str) {
    let RedisReceipt { id, unique_key, list, raw, attempt, .. } = receipt;
    match settlement {
        Settlement::Done => ("done", id.clone(), Vec::new(), unique_key),
        Settlement::Dead { reason } => {
            ("dead", id.clone(), dead::letter(receipt, reason), unique_key)
        }
        Settlement::Return => {
            let lists = keys::lists(&receipt.queue);
            ("return", lists[list - 1].clone(), raw.clone(), "")
        }
        Settlement::Retry { after, reason } => {
            let kept = match reason {
                None => raw.clone(),
                Some(reason) => {
                    let eta = SystemTime::now() + (*after).min(Duration::from_hours(24 * 365));
                    Opened::of(raw)
                        .with([
                            ("eta", iso8601(eta).into()),
                            ("retries", json!(attempt)),
                            (REASON, reason.as_str().into()),
                        ])
                        .into_bytes()
                }
            };
            let kept = [list.to_string().into_bytes(), kept].concat();
            ("retry", millis(*after).to_string(), kept, "")
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).min(1 << 52)
}

impl Source for Redis {
    type Receipt = RedisReceipt;

    async fn wait(&self) {
        let mut waiting = self.intake.waiting.lock().await;
        for queue in &self.serves {
            if !waiting.contains_key(queue) {
                match self.server.new_connection().await {
                    Ok(connection) => drop(waiting.insert(queue.clone(), connection)),
                    // The next look at the queues says what is wrong.
                    Err(_) => return sleep(PAUSE.min(self.poll)).await,
                }
            }
        }
        let mut waits: Vec<Pin<Box<dyn Future<Output = bool> + Send + '_>>> = waiting
            .iter_mut()
            .map(|(queue, connection)| Box::pin(self.wait_for(queue, connection)) as _)
            .collect();
        let first = poll_fn(|cx| {
            let ready = waits.iter_mut().map(|wait| wait.as_mut().poll(cx));
            ready.into_iter().find(Poll::is_ready).unwrap_or(Poll::Pending)
        });
        let good = first.await;
        drop(waits);
        if !good {
            waiting.clear();
            sleep(PAUSE.min(self.poll)).await;
        }
    }

    async fn receive(&self, room: usize) -> Result<Vec<Message<RedisReceipt>>, BoxError> {
        let turn = self.intake.turn.fetch_add(1, Ordering::Relaxed);
        let mut messages = Vec::new();
        for place in 0..self.serves.len() {
            let queue = &self.serves[(turn + place) % self.serves.len()];
            match self.receive_from(queue, room - messages.len()).await {
                Ok(more) => messages.extend(more),
                Err(error) if messages.is_empty() => return Err(error),
                // What was taken so far is to be run; the error will come again.
                Err(_) => break,
            }
            if messages.len() == room {
                break;
            }
        }
        Ok(messages)
    }

    async fn begin(&self, receipts: &[&RedisReceipt]) -> Result<(), BoxError> {
        for queue in &self.serves {
            let own: Vec<_> = receipts
                .iter()
                .filter(|receipt| receipt.queue == *queue)
                .map(|receipt| &*receipt.tag)
                .collect();
            if !own.is_empty() {
                let () = self
                    .run(BEGIN, |script| {
                        script.key(keys::held(queue)).key(keys::begun(queue)).arg(own);
                    })
                    .await?;
            }
        }
        Ok(())
    }

    async fn settle(&self, settled: &[Settled<RedisReceipt>]) -> Result<(), BoxError> {
        for queue in &self.serves {
            let mut own: Vec<_> =
                settled.iter().filter(|settled| settled.receipt.queue == *queue).collect();
            // Backwards, so that what is given back ends up in the order in which it was taken.
            own.reverse();
            for step in Room::steps(&own, |settled| settled.receipt.raw.len()) {
                // In order, for dead letters say since when they are.
                let told: Vec<_> = step.iter().rev().map(|settled| arguments(settled)).collect();
                let () = self
                    .run(SETTLE, |script| {
                        script.key(keys::held(queue)).key(keys::leases(queue));
                        script.key(keys::delayed(queue));
                        script.key(keys::dead(queue)).key(keys::dead_since(queue));
                        script.key(keys::begun(queue)).key(keys::deaths(queue));
                        for (settled, (what, a, b, c)) in step.iter().zip(told.into_iter().rev()) {
                            script.arg(what).arg(&settled.receipt.tag).arg(a).arg(b).arg(c);
                        }
                    })
                    .await?;
            }
            let mut held = self.intake.held();
            for settled in own {
                held.remove(&settled.receipt.tag);
            }
        }
        Ok(())
    }

    async fn keep_alive(&self) -> Result<(), BoxError> {
        let mut by_queue: HashMap<String, Vec<String>> = HashMap::new();
        for (tag, queue) in &*self.intake.held() {
            by_queue.entry(queue.clone()).or_default().push(tag.clone());
        }
        for (queue, tags) in by_queue {
            let () = self
                .run(KEEP, |script| {
                    script.key(keys::leases(&queue)).arg(millis(self.lease)).arg(&tags);
                })
                .await?;
        }
        Ok(())
    }

    fn heartbeat(&self) -> Option<Duration> {
        Some(self.lease / 3)
    }
}

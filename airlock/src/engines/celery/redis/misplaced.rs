//! Messages that lie where a handle does not look, because Celery's transport options are others: neither side would
//! read what the other sends, and neither would say so.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use ::redis::{FromRedisValue, Pipeline, RedisResult, Value};

use crate::core::task::called::BoxError;
use crate::engines::celery::redis::keys::Keys;
use crate::engines::celery::{DEFAULT_QUEUE, Redis};
use crate::worker::log;

/// What comes before an exchange's name in the key of its bindings, each of which names a queue.
///
/// Source: `kombu/transport/redis.py`, `keyprefix_queue`.
const BINDINGS: &str = "_kombu.binding.";

/// How many bindings of an exchange are looked at.
const MOST_BINDINGS: usize = 100;

/// How many keys the server looks at in a step, which takes it less than a millisecond, and how many steps there are.
const KEYS_IN_STEP: usize = 1_000;
const MOST_STEPS: usize = 100;

/// What was looked for, and what was said. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Misplaced(Arc<Mutex<HashSet<String>>>);

impl Misplaced {
    /// Whether this is the first time.
    fn is_new(&self, what: String) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(what)
    }
}

impl Redis {
    /// Looks at the queues that a flush has sent to, beside what else goes on; once at each.
    pub(super) fn look_beside(&self, queues: HashSet<String>) {
        let new = |queue: &String| self.misplaced.is_new(format!("queue {queue}"));
        let new: Vec<_> = queues.into_iter().filter(new).collect();
        if !new.is_empty() {
            let celery = self.clone();
            self.server.detach(async move { celery.warn_of_misplaced(&new, true).await });
        }
    }

    /// Warns of messages of these queues that lie elsewhere, once of each; `everywhere` is also under other prefixes.
    pub(super) async fn warn_of_misplaced(&self, queues: &[String], everywhere: bool) {
        let mut unbound = Vec::new();
        for queue in queues {
            // What is wrong with the server is said by what can't do without it. A user need not be allowed to look.
            let Ok((bound, lists)) = self.look(queue).await else { return };
            // Bindings stay when Celery's options change: with one of the handle's own, others are of before.
            let own = bound.contains(&self.keys.sep);
            let other = bound.first().filter(|_| !own);
            self.warn(other.map(|sep| self.keys.other_sep(queue, sep)));
            self.warn((!lists.is_empty()).then(|| self.keys.other_steps(queue, &lists)));
            if bound.is_empty() {
                unbound.push(&**queue);
            }
        }
        if everywhere
            && !unbound.is_empty()
            && let Ok(elsewhere) = self.elsewhere(&unbound).await
        {
            let found = elsewhere.iter().map(|(queue, place)| self.keys.other_prefix(queue, place));
            found.for_each(|text| self.warn(Some(text)));
        }
    }

    fn warn(&self, text: Option<String>) {
        if let Some(text) = text
            && self.misplaced.is_new(text.clone())
        {
            log::doubtful_server(&text);
        }
    }

    /// The separators in the bindings of a queue, and the steps that have a list and are none of the handle's.
    async fn look(&self, queue: &str) -> Result<(Vec<String>, Vec<u8>), BoxError> {
        let steps: Vec<u8> =
            (0..=9).filter(|step| !self.keys.priority_steps.contains(step)).collect();
        // Where a queue is declared without an exchange, it is bound to the default one.
        let exchanges = [queue, DEFAULT_QUEUE];
        let mut pipeline = ::redis::pipe();
        for exchange in exchanges {
            let key = format!("{}{BINDINGS}{exchange}", self.keys.global_keyprefix);
            pipeline.cmd("SRANDMEMBER").arg(key).arg(MOST_BINDINGS);
        }
        for step in &steps {
            pipeline.cmd("EXISTS").arg(self.keys.list(queue, *step));
        }
        let answers = self.ask(pipeline).await?;
        let bindings = exchanges.into_iter().zip(&answers);
        let bindings = bindings.flat_map(|(exchange, answer)| {
            let members: Vec<Vec<u8>> = read(answer).unwrap_or_default();
            members.into_iter().filter_map(|member| separator(&member, queue, exchange))
        });
        let lists = steps.iter().zip(&answers[exchanges.len()..]);
        let lists = lists.filter(|(_, answer)| read::<bool>(answer) == Some(true));
        Ok((bindings.collect(), lists.map(|(step, _)| *step).collect()))
    }

    /// Where queues are bound of which there is no binding under the handle's prefix.
    async fn elsewhere<'q>(
        &self,
        queues: &[&'q str],
    ) -> Result<BTreeMap<&'q str, OtherPlace>, BoxError> {
        let mut found = BTreeMap::new();
        let mut cursor = 0;
        for _ in 0..MOST_STEPS {
            let mut scan = ::redis::pipe();
            let pattern = format!("*{BINDINGS}*");
            scan.cmd("SCAN").arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(KEYS_IN_STEP);
            let answers = self.ask(scan).await?;
            let (next, keys): (u64, Vec<String>) =
                answers.first().and_then(read).unwrap_or_default();
            let mut members = ::redis::pipe();
            for key in &keys {
                members.cmd("SRANDMEMBER").arg(key).arg(MOST_BINDINGS);
            }
            let answers = if keys.is_empty() { Vec::new() } else { self.ask(members).await? };
            for (key, answer) in keys.iter().zip(&answers) {
                let Some((prefix, exchange)) = key.split_once(BINDINGS) else { continue };
                for member in read::<Vec<Vec<u8>>>(answer).unwrap_or_default() {
                    for queue in queues {
                        if let Some(sep) = separator(&member, queue, exchange) {
                            let place = OtherPlace { prefix: prefix.to_owned(), sep };
                            found.entry(*queue).or_insert_with(Vec::new).push(place);
                        }
                    }
                }
            }
            cursor = next;
            if cursor == 0 {
                break;
            }
        }
        // Of one that is bound under the handle's prefix as well, what is elsewhere is somebody else's.
        let own = &self.keys.global_keyprefix;
        let others =
            found.into_iter().filter(|(_, places)| places.iter().all(|one| one.prefix != *own));
        Ok(others.filter_map(|(queue, places)| Some((queue, places.into_iter().min()?))).collect())
    }

    /// The answers to commands; to one that the user may not call, none.
    async fn ask(&self, mut pipeline: Pipeline) -> Result<Vec<RedisResult<Value>>, BoxError> {
        let mut connection = self.server.connection().await?;
        match pipeline.ignore_errors().query_async(&mut connection).await {
            Ok(answers) => Ok(answers),
            Err(error) => Err(self.server.error(&error).await),
        }
    }
}

fn read<T: FromRedisValue>(answer: &RedisResult<Value>) -> Option<T> {
    ::redis::from_redis_value(answer.as_ref().ok()?.clone()).ok()
}

/// Where another handle would look.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct OtherPlace {
    prefix: String,
    sep: String,
}

/// The separator in a binding of the queue: its routing key, an empty pattern and the queue are joined by it.
///
/// Source: `kombu/transport/redis.py`, `_queue_bind`.
fn separator(member: &[u8], queue: &str, exchange: &str) -> Option<String> {
    let before = std::str::from_utf8(member).ok()?.strip_suffix(queue)?;
    [queue, exchange, ""].iter().find_map(|routing_key| {
        let twice = before.strip_prefix(routing_key)?;
        let (one, other) = twice.split_at_checked(twice.len() / 2)?;
        (one == other && !one.is_empty()).then(|| one.to_owned())
    })
}

impl Keys {
    fn other_sep(&self, queue: &str, sep: &str) -> String {
        let there = Self { sep: sep.to_owned(), ..self.clone() };
        format!("{}: set `.sep({sep:?})`", self.lie_under(queue, &there))
    }

    fn other_steps(&self, queue: &str, lists: &[u8]) -> String {
        let mut steps = [&self.priority_steps, lists].concat();
        steps.sort_unstable();
        let lists: Vec<_> =
            lists.iter().map(|step| Name(self.list(queue, *step)).to_string()).collect();
        format!(
            "Celery's messages of queue `{queue}` lie under {}, where this handle does not look: set \
             `.priority_steps({steps:?})`, or what Celery's `priority_steps` are",
            lists.join(", ")
        )
    }

    fn other_prefix(&self, queue: &str, OtherPlace { prefix, sep }: &OtherPlace) -> String {
        let there = Self { global_keyprefix: prefix.clone(), sep: sep.clone(), ..self.clone() };
        let sep = if *sep == self.sep { String::new() } else { format!(" and `.sep({sep:?})`") };
        format!("{}: set `.global_keyprefix({prefix:?})`{sep}", self.lie_under(queue, &there))
    }

    fn lie_under(&self, queue: &str, there: &Self) -> String {
        let step = if there.sep == self.sep { 0 } else { 9 };
        let name = |keys: &Self| Name(keys.list(queue, step));
        format!(
            "Celery's messages of queue `{queue}` lie under {}, and this handle looks under {}",
            name(there),
            name(self)
        )
    }
}

/// The name of a key, without controls.
struct Name(String);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0.escape_debug())
    }
}

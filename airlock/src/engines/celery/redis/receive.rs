//! Receiving messages, which the worker holds under a lease.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use uuid::Uuid;

use crate::core::task::called::BoxError;
use crate::engines::celery::Redis;
use crate::engines::celery::headers::UNIQUE_KEY;
use crate::engines::celery::received::ReceivedMessage;
use crate::engines::celery::redis::RedisReceipt;
use crate::engines::celery::redis::keys::Keys;
use crate::engines::celery::redis::message::{StoredMessage, too_long};
use crate::engines::celery::redis::script::{EXTEND_LEASES, RECEIVE, millis};
use crate::engines::shared::redis::gone;
use crate::envelope::{Envelope, EnvelopeError};
use crate::worker::Message;

/// How many messages are received at once, each of which the script looks up by its place in the list.
const MAX_RECEIVED: usize = 1_000;

/// How many bytes of messages are received at once.
const BYTES_IN_STEP: usize = 64 << 20;

/// The tag, the number of its list, the message, how many of its workers died, what else is to be known, and a value.
pub(super) type Taken = (String, usize, Vec<u8>, String, String, String);

/// The tags of the messages that a worker holds, each with its queue.
#[derive(Default)]
pub(super) struct HeldTags(Mutex<HashMap<String, String>>);

impl HeldTags {
    pub(super) fn lock(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn forget<'a>(&self, tags: impl Iterator<Item = &'a str>) {
        let mut held = self.lock();
        for tag in tags {
            held.remove(tag);
        }
    }
}

impl Redis {
    pub(super) async fn receive_from(
        &self,
        queue: &str,
        room: usize,
    ) -> Result<Vec<Message<RedisReceipt>>, BoxError> {
        let taken: Vec<Taken> = self
            .run(&RECEIVE, |script| {
                let keys = &self.keys;
                script.key(keys.held(queue)).key(keys.leases(queue)).key(keys.delayed(queue));
                script.key(keys.begun(queue)).key(keys.deaths(queue)).key(keys.seen(queue));
                // UUIDs of version 7 sort by time, and so do tags.
                let prefix = Uuid::now_v7().simple().to_string();
                script
                    .key(keys.lists(queue))
                    .arg(room.min(MAX_RECEIVED))
                    .arg(millis(self.lease))
                    .arg(prefix);
                script.arg(StoredMessage::MAX_BYTES).arg(BYTES_IN_STEP);
            })
            .await?;
        let again = taken.iter().filter(|(.., note, _)| note == "again");
        let again: Vec<_> = again.map(|(.., digest)| format!("r{digest}")).collect();
        let messages = self.read(queue, taken);
        if !again.is_empty() {
            self.have_read(queue, &again).await;
        }
        Ok(messages)
    }

    fn read(&self, queue: &str, taken: Vec<Taken>) -> Vec<Message<RedisReceipt>> {
        let mut held = self.consumer.held.lock();
        let messages = taken.into_iter().map(|taken| {
            held.insert(taken.0.clone(), queue.to_owned());
            message(&self.keys, queue, taken)
        });
        messages.collect()
    }

    /// Takes back that workers were lost which had not read these messages: this one has. What is not told is only not
    /// taken back: the messages are held.
    async fn have_read(&self, queue: &str, again: &[String]) {
        let Ok(mut connection) = self.server.connection().await else { return };
        let mut forget = ::redis::cmd("HDEL");
        forget.arg(self.keys.deaths(queue)).arg(again);
        let _: Result<(), _> = forget.query_async(&mut connection).await;
    }

    pub(super) async fn extend_leases(&self) -> Result<(), BoxError> {
        let mut by_queue: HashMap<String, Vec<String>> = HashMap::new();
        for (tag, queue) in &*self.consumer.held.lock() {
            by_queue.entry(queue.clone()).or_default().push(tag.clone());
        }
        for (queue, tags) in by_queue {
            let connection = self.server.heartbeat_connection().await?;
            let extended = self.run_on(connection, &EXTEND_LEASES, |script| {
                script.key(self.keys.leases(&queue)).key(self.keys.seen(&queue));
                script.arg(millis(self.lease)).arg(&tags);
            });
            let () = extended.await?;
        }
        Ok(())
    }
}

/// Refuses a message that may be what ended its workers.
fn unread(workers: &str) -> EnvelopeError {
    EnvelopeError::new(format!(
        "{workers} workers in a row that were given it were lost before they had read it, so it is not read again: look at its \
         size, give workers more memory, and retry it"
    ))
}

pub(super) fn message(
    keys: &Keys,
    queue: &str,
    (tag, list, raw, deaths, note, value): Taken,
) -> Message<RedisReceipt> {
    let deaths: Option<u32> = deaths.parse().ok();
    let stored = StoredMessage::of(&raw);
    let body = stored.body();
    let decoded = ReceivedMessage {
        queue,
        headers: &stored.headers,
        content_type: &stored.content_type(),
        content_encoding: &stored.content_encoding(),
        body: body.as_deref().unwrap_or_default(),
    };
    let envelope = match (&*note, &body) {
        ("gone", _) => Err(gone()),
        ("long", _) => Err(too_long(value.parse().unwrap_or_default())),
        ("unread", _) => Err(unread(&value)),
        // What has no task is nothing of Celery's, whatever else is wrong with it.
        (_, Err(fault)) if decoded.task().is_some() || stored.fault.is_some() => Err(fault.clone()),
        _ => decoded.envelope(),
    };
    let attempt = decoded.attempt().saturating_add(deaths.unwrap_or(0));
    let due = envelope.as_ref().ok().and_then(Envelope::at);
    let header = |name: &str| stored.headers.get(name).and_then(Value::as_str).map(str::to_owned);
    let receipt = RedisReceipt {
        queue: queue.to_owned(),
        id: header("id").unwrap_or_else(|| tag.clone()),
        unique_key: header(UNIQUE_KEY).map(|key| keys.unique(queue, &key)).unwrap_or_default(),
        unread: note == "unread",
        tag,
        list,
        raw: raw.into(),
        attempt,
    };
    Message::new(receipt, envelope)
        .attempt(attempt)
        .interrupted(deaths.is_some())
        .waited(deaths == Some(0))
        .due(due)
}

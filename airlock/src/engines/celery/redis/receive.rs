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
use crate::engines::celery::redis::message::StoredMessage;
use crate::engines::celery::redis::script::{EXTEND_LEASES, RECEIVE, millis};
use crate::engines::shared::redis::gone;
use crate::envelope::Envelope;
use crate::worker::Message;

/// What the script says of a message of which only the tag is left.
const GONE: &str = "gone";

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
        let taken: Vec<(String, usize, Vec<u8>, String)> = self
            .run(&RECEIVE, |script| {
                let keys = &self.keys;
                script.key(keys.held(queue)).key(keys.leases(queue)).key(keys.delayed(queue));
                script.key(keys.begun(queue)).key(keys.deaths(queue)).key(keys.seen(queue));
                // UUIDs of version 7 sort by time, and so do tags.
                let prefix = Uuid::now_v7().simple().to_string();
                script.key(keys.lists(queue)).arg(room).arg(millis(self.lease)).arg(prefix);
            })
            .await?;
        let mut held = self.consumer.held.lock();
        let messages = taken.into_iter().map(|(tag, list, raw, deaths)| {
            held.insert(tag.clone(), queue.to_owned());
            message(&self.keys, queue, tag, list, raw, &deaths)
        });
        Ok(messages.collect())
    }

    pub(super) async fn extend_leases(&self) -> Result<(), BoxError> {
        let mut by_queue: HashMap<String, Vec<String>> = HashMap::new();
        for (tag, queue) in &*self.consumer.held.lock() {
            by_queue.entry(queue.clone()).or_default().push(tag.clone());
        }
        for (queue, tags) in by_queue {
            let () = self
                .run(&EXTEND_LEASES, |script| {
                    script.key(self.keys.leases(&queue)).key(self.keys.seen(&queue));
                    script.arg(millis(self.lease)).arg(&tags);
                })
                .await?;
        }
        Ok(())
    }
}

pub(super) fn message(
    keys: &Keys,
    queue: &str,
    tag: String,
    list: usize,
    raw: Vec<u8>,
    deaths: &str,
) -> Message<RedisReceipt> {
    let is_gone = deaths == GONE;
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
    let envelope = match &body {
        _ if is_gone => Err(gone()),
        // What has no task is nothing of Celery's, whatever else is wrong with it.
        Err(fault) if decoded.task().is_some() || stored.fault.is_some() => Err(fault.clone()),
        _ => decoded.envelope(),
    };
    let attempt = decoded.attempt().saturating_add(deaths.unwrap_or(0));
    let due = envelope.as_ref().ok().and_then(Envelope::at);
    let header = |name: &str| stored.headers.get(name).and_then(Value::as_str).map(str::to_owned);
    let receipt = RedisReceipt {
        queue: queue.to_owned(),
        id: header("id").unwrap_or_else(|| tag.clone()),
        unique_key: header(UNIQUE_KEY).map(|key| keys.unique(queue, &key)).unwrap_or_default(),
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

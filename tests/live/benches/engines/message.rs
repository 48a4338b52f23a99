//! The messages of who writes by hand: of the same content and size as ours, each with an id of its
//! own.

use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const NAME: &str = "bench.noop";
const ORIGIN: &str = "tests/live/benches/engines/pushing.rs:42";

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Arguments {
    pub(crate) order_id: u64,
}

/// A job for apalis or Graphile Worker, with what airlock's envelope says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    airlock: u32,
    id: Uuid,
    task: String,
    arguments: Arguments,
    origin: String,
    enqueued_at: String,
}

impl Job {
    pub(crate) fn new(order_id: u64) -> Self {
        Self {
            airlock: 1,
            id: Uuid::now_v7(),
            task: NAME.to_owned(),
            arguments: Arguments { order_id },
            origin: ORIGIN.to_owned(),
            enqueued_at: "2026-11-26T10:00:00.123456789Z".to_owned(),
        }
    }

    pub(crate) fn json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("JSON")
    }
}

#[derive(Serialize)]
pub(crate) struct CeleryHeaders {
    pub(crate) lang: &'static str,
    pub(crate) task: &'static str,
    pub(crate) id: Uuid,
    root_id: Uuid,
    parent_id: Option<Uuid>,
    group: Option<Uuid>,
    pub(crate) retries: u32,
    timelimit: [Option<u32>; 2],
    eta: Option<String>,
    expires: Option<String>,
    pub(crate) argsrepr: &'static str,
    pub(crate) kwargsrepr: String,
    pub(crate) origin: &'static str,
}

impl CeleryHeaders {
    pub(crate) fn new(arguments: &Arguments) -> Self {
        let id = Uuid::now_v7();
        Self {
            lang: "py",
            task: NAME,
            id,
            root_id: id,
            parent_id: None,
            group: None,
            retries: 0,
            timelimit: [None; 2],
            eta: None,
            expires: None,
            argsrepr: "()",
            kwargsrepr: serde_json::to_string(arguments).expect("JSON"),
            origin: ORIGIN,
        }
    }
}

#[derive(Default, Serialize)]
struct Next {
    callbacks: Option<String>,
    errbacks: Option<String>,
    chain: Option<String>,
    chord: Option<String>,
}

pub(crate) fn celery_body(arguments: &Arguments) -> Vec<u8> {
    serde_json::to_vec(&([0_u8; 0], arguments, Next::default())).expect("JSON")
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct CeleryOverRedis<'a> {
    body: String,
    content_type: &'static str,
    content_encoding: &'static str,
    headers: &'a CeleryHeaders,
    properties: Properties<'a>,
}

#[derive(Serialize)]
struct Properties<'a> {
    correlation_id: Uuid,
    delivery_mode: u8,
    priority: u8,
    body_encoding: &'static str,
    delivery_tag: Uuid,
    delivery_info: DeliveryInfo<'a>,
}

#[derive(Serialize)]
struct DeliveryInfo<'a> {
    exchange: &'static str,
    routing_key: &'a str,
}

pub(crate) fn celery_over_redis(order_id: u64, queue: &str) -> Vec<u8> {
    let arguments = Arguments { order_id };
    let headers = CeleryHeaders::new(&arguments);
    let message = CeleryOverRedis {
        body: BASE64_STANDARD.encode(celery_body(&arguments)),
        content_type: "application/json",
        content_encoding: "utf-8",
        headers: &headers,
        properties: Properties {
            correlation_id: headers.id,
            delivery_mode: 2,
            priority: 0,
            body_encoding: "base64",
            delivery_tag: headers.id,
            delivery_info: DeliveryInfo { exchange: "", routing_key: queue },
        },
    };
    serde_json::to_vec(&message).expect("JSON")
}

#[derive(Serialize)]
struct Dramatiq<'a> {
    queue_name: &'a str,
    actor_name: &'static str,
    args: [u8; 0],
    kwargs: Arguments,
    options: DramatiqOptions,
    message_id: Uuid,
    message_timestamp: u64,
}

#[derive(Serialize)]
struct DramatiqOptions {
    #[serde(skip_serializing_if = "Option::is_none")]
    redis_message_id: Option<Uuid>,
}

/// A message with its id.
pub(crate) fn dramatiq(order_id: u64, queue: &str, redis: bool) -> (Uuid, Vec<u8>) {
    static NOW: LazyLock<u64> = LazyLock::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is right");
        u64::try_from(since.as_millis()).expect("a time")
    });
    let id = Uuid::now_v7();
    let message = Dramatiq {
        queue_name: queue,
        actor_name: NAME,
        args: [],
        kwargs: Arguments { order_id },
        options: DramatiqOptions { redis_message_id: redis.then_some(id) },
        message_id: id,
        message_timestamp: *NOW,
    };
    (id, serde_json::to_vec(&message).expect("JSON"))
}

//! A message of Python code, read as an envelope.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::engines::celery::body;
use crate::envelope::{Envelope, EnvelopeError, TraceContext};

/// A message as it was received.
pub(super) struct ReceivedMessage<'a> {
    pub(super) queue: &'a str,
    pub(super) headers: &'a Map<String, Value>,
    pub(super) content_type: &'a str,
    pub(super) content_encoding: &'a str,
    pub(super) body: &'a [u8],
}

impl ReceivedMessage<'_> {
    /// The task's name.
    pub(super) fn task(&self) -> Option<&str> {
        self.text("task")
    }

    /// Which attempt this is, the first being 1.
    pub(super) fn attempt(&self) -> u32 {
        let retries = self.headers.get("retries").and_then(Value::as_u64).unwrap_or(0);
        u32::try_from(retries).unwrap_or(u32::MAX).saturating_add(1)
    }

    pub(super) fn envelope(&self) -> Result<Envelope, EnvelopeError> {
        if self.body.len() > Envelope::MAX_BYTES {
            return Err(EnvelopeError::new(format!(
                "it is {} bytes long, and at most {} are read",
                self.body.len(),
                Envelope::MAX_BYTES
            )));
        }
        let Some(task) = self.task() else { return Err(self.without_task()) };
        self.check_content()?;
        let arguments = body::arguments(task, self.body)?;
        // With Celery, a sender may choose any text as the id; by default it is a UUID.
        let id = self.text("id").and_then(|id| id.parse().ok()).unwrap_or_else(Uuid::now_v7);
        let trace = |parent| TraceContext::new(parent, self.text("tracestate").unwrap_or_default());
        Ok(Envelope::foreign(id, task, &arguments)?
            .with_queue(self.queue)
            .with_at(self.time("eta")?)
            .with_expires(self.time("expires")?)
            .with_time_limit(self.time_limit())
            .with_trace(self.text("traceparent").map(trace)))
    }

    fn text(&self, header: &str) -> Option<&str> {
        self.headers.get(header)?.as_str()
    }

    /// The hard limit, which comes first in Celery's header. The second is the soft limit, which a task in Rust
    /// has no way to learn of.
    fn time_limit(&self) -> Option<Duration> {
        let limit = self.headers.get("timelimit")?.get(0)?.as_f64()?;
        Duration::try_from_secs_f64(limit).ok().filter(|limit| !limit.is_zero())
    }

    /// A message of protocol 1 is an object with everything in it.
    fn without_task(&self) -> EnvelopeError {
        let old = serde_json::from_slice::<Map<String, Value>>(self.body);
        EnvelopeError::new(match old {
            Ok(body) if body.contains_key("task") => {
                "it is of Celery's protocol 1: set `task_protocol = 2` where it is sent"
            }
            _ => "it has no header `task`, so Celery did not send it",
        })
    }

    fn check_content(&self) -> Result<(), EnvelopeError> {
        if self.content_type != "application/json" {
            return Err(EnvelopeError::new(format!(
                "its content is `{}`, and a Rust worker reads JSON: set `task_serializer = 'json'` \
                 where it is sent",
                self.content_type
            )));
        }
        if !self.content_encoding.eq_ignore_ascii_case("utf-8") {
            return Err(EnvelopeError::new(format!(
                "its encoding is `{}`, and a Rust worker reads UTF-8",
                self.content_encoding
            )));
        }
        match self.headers.get("compression") {
            None | Some(Value::Null) => Ok(()),
            Some(compression) => Err(EnvelopeError::new(format!(
                "it is compressed ({compression}): send it without `compression`"
            ))),
        }
    }

    /// Reads a time. Without an offset it is in UTC, as with Celery.
    fn time(&self, header: &str) -> Result<Option<SystemTime>, EnvelopeError> {
        let text = match self.headers.get(header) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) => text,
            Some(other) => return Err(no_time(header, other)),
        };
        let utc = |time: DateTime| TimeZone::UTC.to_timestamp(time);
        let time = text.parse::<Timestamp>().or_else(|_| text.parse::<DateTime>().and_then(utc));
        let time = time.and_then(SystemTime::try_from).map_err(|_| no_time(header, text))?;
        Ok(Some(time))
    }
}

fn no_time(header: &str, value: &impl std::fmt::Debug) -> EnvelopeError {
    EnvelopeError::new(format!("its header `{header}` is no time: {value:?}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engines::celery::headers::iso8601;

    fn decoded(headers: Value, body: &str) -> Result<Envelope, EnvelopeError> {
        let Value::Object(headers) = headers else { panic!("headers are an object") };
        let raw = ReceivedMessage {
            queue: "celery",
            headers: &headers,
            content_type: "application/json",
            content_encoding: "utf-8",
            body: body.as_bytes(),
        };
        raw.envelope()
    }

    #[test]
    fn takes_keyword_arguments_as_they_are() {
        let id = "0198c0de-0000-7000-8000-000000000000";
        let headers = json!({"task": "none.such", "id": id, "retries": 2, "eta": null});
        let envelope =
            decoded(headers, r#"[[], {"order_id": 42}, {"chain": null}]"#).expect("good");
        assert_eq!(envelope.task(), "none.such");
        assert_eq!(envelope.id().to_string(), id);
        assert_eq!(envelope.arguments(), r#"{"order_id": 42}"#);
        assert_eq!(envelope.queue(), Some("celery"));
        assert_eq!(envelope.at(), None);
    }

    #[test]
    fn reads_times_with_and_without_an_offset() {
        let at = |eta: &str| {
            let headers = json!({"task": "none.such", "eta": eta});
            decoded(headers, "[[], {}, {}]").expect("good").at().map(iso8601)
        };
        let utc = Some("2026-11-23T20:31:21.123456+00:00".to_owned());
        assert_eq!(at("2026-11-23T20:31:21.123456+00:00"), utc);
        assert_eq!(at("2026-11-23T21:31:21.123456+01:00"), utc);
        assert_eq!(at("2026-11-23T20:31:21.123456"), utc);
    }

    #[test]
    fn takes_the_hard_limit_and_no_other() {
        let limit = |limits: Value| {
            let headers = json!({"task": "none.such", "timelimit": limits});
            decoded(headers, "[[], {}, {}]").expect("good").time_limit()
        };
        assert_eq!(limit(json!([30, 20])), Some(Duration::from_secs(30)));
        assert_eq!(limit(json!([0.5, null])), Some(Duration::from_millis(500)));
        for none in [json!([null, 20]), json!([]), json!(null), json!([0, 0]), json!([-1, 1])] {
            assert_eq!(limit(none.clone()), None, "{none}");
        }
    }

    #[test]
    fn belongs_to_the_trace_of_its_sender() {
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let headers = json!({"task": "none.such", "traceparent": parent, "tracestate": "a=1"});
        let envelope = decoded(headers, "[[], {}, {}]").expect("good");
        assert_eq!(envelope.trace(), Some(&TraceContext::new(parent, "a=1")));
    }

    #[test]
    fn says_what_it_cannot_read() {
        let why = |headers, body: &str| decoded(headers, body).expect_err("bad").to_string();
        let task = || json!({"task": "none.such"});
        assert!(why(json!({}), r#"{"task": "x", "args": []}"#).contains("protocol 1"));
        assert!(why(json!({}), "junk").contains("no header `task`"));
        assert!(why(task(), "junk").contains("protocol 2"));
        assert!(why(task(), r#"[[], {}, {"chain": [{}]}]"#).contains("it has chain"));
        assert!(why(task(), "[[1], {}, {}]").contains("no task is named `none.such`"));
        assert!(why(task(), "[[1], [], {}]").contains("keyword arguments are no JSON object"));
        let late = json!({"task": "none.such", "eta": "tomorrow"});
        assert!(why(late, "[[], {}, {}]").contains("`eta` is no time"));
        let compressed = json!({"task": "none.such", "compression": "gzip"});
        assert!(why(compressed, "[[], {}, {}]").contains("compressed"));
        let deep = format!(
            "[[], {{\"a\": {}1{}}}, {{\"chain\": {}1{}}}]",
            "[".repeat(9_999),
            "]".repeat(9_999),
            "[".repeat(9_999),
            "]".repeat(9_999)
        );
        assert!(why(task(), &deep).contains("recursion limit"));
    }
}

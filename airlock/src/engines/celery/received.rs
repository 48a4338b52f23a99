//! A message of Python code, read as an envelope.

use std::time::{Duration, SystemTime};

use jiff::tz::Offset;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::engines::celery::body;
use crate::engines::celery::fields::fields;
use crate::engines::celery::headers::POLICIES;
use crate::envelope::{Envelope, EnvelopeError, TraceContext, time};

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
        let id = self.text("id").and_then(|id| id.parse().ok());
        let trace = |parent| TraceContext::new(parent, self.text("tracestate").unwrap_or_default());
        let envelope = match id {
            Some(id) => Envelope::foreign(id, task, &arguments)?,
            None => Envelope::foreign(Uuid::now_v7(), task, &arguments)?.with_new_id(),
        };
        envelope
            .with_queue(self.queue)
            .with_at(self.time("eta")?)
            .with_expires(self.time("expires")?)
            .with_time_limit(self.time_limit())
            .with_trace(self.text("traceparent").map(trace))
            .with_policies(self.policies()?)
    }

    /// What restricts the task's effects, and so may be no other thing than it was.
    fn policies(&self) -> Result<Option<&str>, EnvelopeError> {
        match self.headers.get(POLICIES) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(policies)) => Ok(Some(policies)),
            Some(_) => Err(EnvelopeError::new(format!("its header `{POLICIES}` is no text"))),
        }
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
        let body = std::str::from_utf8(self.body).unwrap_or_default();
        EnvelopeError::new(match fields(body, ["task"]) {
            Ok([Some(_)]) => {
                "it is of Celery's protocol 1: set `task_protocol = 2` where it is sent"
            }
            _ => "it has no header `task`, so Celery did not send it",
        })
    }

    fn check_content(&self) -> Result<(), EnvelopeError> {
        const JSON: &str =
            "a Rust worker reads JSON: set `task_serializer = 'json'` where it is sent";
        if self.content_type.is_empty() {
            return Err(EnvelopeError::new(format!("it has no content type, and {JSON}")));
        }
        if self.content_type != "application/json" {
            let kind = self.content_type;
            return Err(EnvelopeError::new(format!("its content is `{kind}`, and {JSON}")));
        }
        if !is_utf8(self.content_encoding) {
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
            // Celery takes an empty text for none.
            Some(Value::String(text)) if text.is_empty() => return Ok(None),
            Some(Value::String(text)) => text,
            Some(other) => return Err(no_time(header, other)),
        };
        let time = time::parse(text, Some(Offset::UTC));
        time.map(Some).ok_or_else(|| no_time(header, &format_args!("{text:?}")))
    }
}

/// Whether JSON in this encoding is read as UTF-8. Where a message says none, Celery takes it for that; and what says that
/// it is bytes, or of the part that UTF-8 shares with others, can be nothing else.
fn is_utf8(encoding: &str) -> bool {
    ["", "utf-8", "utf8", "us-ascii", "ascii", "binary", "8bit"]
        .iter()
        .any(|known| encoding.eq_ignore_ascii_case(known))
}

fn no_time(header: &str, value: &impl std::fmt::Display) -> EnvelopeError {
    EnvelopeError::new(format!(
        "its header `{header}` is no time like 2026-11-23T20:31:21+00:00, up to the year 9999: {value}"
    ))
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

    /// Python's ids say no time, and what has none gets one that says nothing of when it was sent.
    #[test]
    fn says_since_when_it_waits_as_far_as_its_id_does() {
        let since = |headers| decoded(headers, "[[], {}, {}]").expect("an envelope").due_since();
        let airlock_s = "019cb7a5-d611-7c3e-9d0a-5b1f0f6c2a77";
        assert!(since(json!({"task": "none.such", "id": airlock_s})).is_some());
        let python_s = "5f2b5d5a-1d0e-4d4f-9c60-0a7a52f7b1d4";
        for id in [json!(python_s), json!("job 7"), json!(null)] {
            assert_eq!(since(json!({"task": "none.such", "id": id})), None);
        }
        assert_eq!(since(json!({"task": "none.such"})), None);
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

    /// Python's `datetime.max` is a usual "never".
    #[test]
    fn a_time_beyond_the_last_timestamp_is_the_last_one() {
        let time = |header: &str, text: &str| {
            let headers = json!({"task": "none.such", header: text});
            let envelope = decoded(headers, "[[], {}, {}]").expect("good");
            envelope.at().or(envelope.expires()).map(iso8601)
        };
        let last = Some("9999-12-30T22:00:00.999999+00:00".to_owned());
        for never in [
            "9999-12-31T23:59:59.999999+00:00",
            "9999-12-31T23:59:59.999999",
            "9999-12-31T23:59:59-12:00",
            "9999-12-31",
        ] {
            assert_eq!(time("eta", never), last, "{never}");
            assert_eq!(time("expires", never), last, "{never}");
        }
        assert_eq!(time("eta", ""), None);
        let early = "0001-01-01T00:00:00+00:00";
        assert_eq!(time("eta", early).as_deref(), Some("0001-01-01T00:00:00.000000+00:00"));
    }

    #[test]
    fn what_says_no_encoding_is_utf8() {
        let headers = json!({"task": "none.such"}).as_object().cloned().expect("an object");
        let encoded = |content_type, content_encoding| {
            let body = br#"[[], {"name": "\u00e4"}, {}]"#;
            let queue = "celery";
            ReceivedMessage { queue, headers: &headers, content_type, content_encoding, body }
                .envelope()
        };
        for encoding in ["", "utf-8", "UTF8", "us-ascii", "binary"] {
            assert!(encoded("application/json", encoding).is_ok(), "{encoding}");
        }
        let why = |content_type, encoding| {
            encoded(content_type, encoding).expect_err("refused").to_string()
        };
        assert!(why("application/json", "gzip").contains("its encoding is `gzip`, and"));
        assert!(why("", "utf-8").contains("it has no content type, and a Rust worker reads JSON"));
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
        for no_time in
            [json!("10000-01-01T00:00:00"), json!("-0001-01-01T00:00:00"), json!(1_795_468_225)]
        {
            let headers = json!({"task": "none.such", "expires": no_time});
            assert!(
                why(headers, "[[], {}, {}]").contains("`expires` is no time like"),
                "{no_time}"
            );
        }
        let compressed = json!({"task": "none.such", "compression": "gzip"});
        assert!(why(compressed, "[[], {}, {}]").contains("compressed"));
        // What is not used is not read, however deep it is.
        let deep = ["[".repeat(9_999), "]".repeat(9_999)].concat();
        let deep = format!("[[], {{\"a\": {deep}}}, {{\"chain\": {deep}}}]");
        assert!(why(task(), &deep).contains("it has chain"));
    }
}

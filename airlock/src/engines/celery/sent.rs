//! An intent as Celery's workers read it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::core::cut::shortened;
use crate::core::intent::Intent;
use crate::core::task::Parameter;
use crate::core::task::called::BoxError;
use crate::engines::celery::headers::iso8601;
use crate::envelope::{Envelope, TraceContext};

/// The headers of protocol 2.
///
/// Source: <https://docs.celeryq.dev/en/stable/internals/protocol.html>.
#[derive(Serialize)]
pub(super) struct Headers<'a> {
    lang: &'static str,
    task: &'a str,
    id: Uuid,
    root_id: Uuid,
    parent_id: (),
    group: (),
    retries: u32,
    timelimit: [(); 2],
    eta: Option<String>,
    expires: Option<String>,
    argsrepr: Cow<'a, str>,
    kwargsrepr: Cow<'a, str>,
    origin: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracestate: Option<&'a str>,
    /// As text, for Python has no use for it.
    #[serde(rename = "airlock-policies", skip_serializing_if = "Option::is_none")]
    policies: Option<&'a str>,
    #[cfg(feature = "celery-redis")]
    #[serde(rename = "airlock-unique-key", skip_serializing_if = "Option::is_none")]
    unique_key: Option<&'a str>,
}

impl<'a> Headers<'a> {
    pub(super) fn of(intent: &Intent, envelope: &'a Envelope, positional: bool) -> Self {
        let shown = shown(intent, envelope);
        let (argsrepr, kwargsrepr) =
            if positional { (shown, "{}".into()) } else { ("()".into(), shown) };
        let trace = envelope.trace();
        Self {
            lang: "py",
            task: envelope.task(),
            id: envelope.id(),
            root_id: envelope.id(),
            parent_id: (),
            group: (),
            retries: 0,
            timelimit: [(); 2],
            eta: envelope.at().map(iso8601),
            expires: envelope.expires().map(iso8601),
            argsrepr,
            kwargsrepr,
            origin: envelope.origin(),
            traceparent: trace.map(TraceContext::traceparent),
            tracestate: trace.map(TraceContext::tracestate).filter(|state| !state.is_empty()),
            policies: envelope.policies(),
            #[cfg(feature = "celery-redis")]
            unique_key: envelope.unique_key(),
        }
    }
}

/// The arguments for logs, without secrets.
fn shown<'a>(intent: &Intent, envelope: &'a Envelope) -> Cow<'a, str> {
    let secret = intent.task().parameters().iter().any(Parameter::is_secret);
    if !secret && envelope.arguments().len() <= REPR_LENGTH {
        return envelope.arguments().into();
    }
    shortened(intent.arguments().to_string(), REPR_LENGTH).into()
}

/// How much of the arguments is shown in logs, as with Celery itself.
const REPR_LENGTH: usize = 1024;

/// The body of protocol 2: positional arguments, keyword arguments, and what to call next.
pub(super) fn body(
    intent: &Intent,
    envelope: &Envelope,
    positional: bool,
) -> Result<String, BoxError> {
    const NEXT: &str = r#"{"callbacks": null, "errbacks": null, "chain": null, "chord": null}"#;
    if !positional {
        return Ok(["[[], ", envelope.arguments(), ", ", NEXT, "]"].concat());
    }
    let by_name: BTreeMap<&str, &RawValue> = serde_json::from_str(envelope.arguments())?;
    let parameters = intent.task().parameters().iter();
    let arguments: Vec<_> = parameters
        .filter_map(|parameter| by_name.get(parameter.name()))
        .map(|raw| raw.get())
        .collect();
    Ok(format!("[[{}], {{}}, {NEXT}]", arguments.join(", ")))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use serde_json::{Value, json};

    use super::*;

    #[crate::task(name = "celery.sent", crate = crate)]
    fn sent(number: u64, #[secret] token: String) {
        unreachable!("{number}, {token}")
    }

    #[test]
    fn says_what_celery_reads() {
        let intent = sent::intent(42, "s3cret".into());
        let now = SystemTime::UNIX_EPOCH + Duration::from_nanos(1_795_468_225_123_456_789);
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let envelope = Envelope::of(&intent, now).expect("it has JSON");
        let envelope = envelope.with_at(Some(now)).with_trace(Some(TraceContext::new(parent, "")));
        let headers = serde_json::to_value(Headers::of(&intent, &envelope, false)).expect("JSON");
        assert_eq!(headers["task"], "celery.sent");
        assert_eq!(headers["eta"], "2026-11-23T21:10:25.123457+00:00");
        assert_eq!(headers["expires"], Value::Null);
        assert_eq!(headers["kwargsrepr"], r#"{"number":42,"token":"[secret]"}"#);
        assert_eq!(headers["traceparent"], parent);
        assert_eq!(headers.get("tracestate"), None);
        let headers = serde_json::to_value(Headers::of(&intent, &envelope, true)).expect("JSON");
        assert_eq!(headers["argsrepr"], r#"{"number":42,"token":"[secret]"}"#);

        let body = |positional| -> Value {
            let body = body(&intent, &envelope, positional).expect("JSON");
            serde_json::from_str(&body).expect("JSON")
        };
        assert_eq!(body(false)[1], json!({"number": 42, "token": "s3cret"}));
        assert_eq!(body(true)[0], json!([42, "s3cret"]));
        assert_eq!(body(true)[1], json!({}));
    }

    #[test]
    fn what_is_shown_is_shortened_between_characters() {
        assert_eq!(shortened("ääää".to_owned(), 5), "ää…");
        assert_eq!(shortened("ää".to_owned(), 4), "ää");
    }
}

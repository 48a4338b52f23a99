//! Celery's messages as they lie in Redis: JSON around headers, properties and a body in base64 or plain.

use airlock::__private::fuzz;

use super::envelope::intent;
use super::{Target, harmless};

pub(crate) const TARGET: Target = Target {
    name: "celery",
    seeds: &[
        r#"{"body":"W1s0Ml0sIHsibm90ZSI6ICJoaSIsICJ0b2tlbiI6ICJzM2NyM3QtdDBrM24ifSwge31d","content-type":"application/json","content-encoding":"utf-8","headers":{"lang":"py","task":"mail.confirmation","id":"0198c0de-0000-7000-8000-000000000000","retries":2,"eta":null,"expires":null,"timelimit":[30,20],"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},"properties":{"correlation_id":"one","delivery_tag":"one","priority":0,"body_encoding":"base64","delivery_info":{"exchange":"","routing_key":"celery"}}}"#,
        r#"{"body":"[[42], {\"note\": \"hi\", \"token\": \"s3cr3t-t0k3n\"}, {\"callbacks\": null, \"errbacks\": null, \"chain\": null, \"chord\": null}]","content-type":"application/json","content-encoding":"utf-8","headers":{"task":"mail.confirmation","id":"one","eta":"2026-11-23T20:31:21.123456+00:00","expires":"2026-12-23T20:31:21"},"properties":{}}"#,
        r#"{"body":"{\"task\": \"mail.confirmation\", \"args\": [1]}","headers":{},"properties":{}}"#,
    ],
    words: &[
        "\"headers\":",
        "\"task\":",
        "\"id\":",
        "\"eta\":",
        "\"expires\":",
        "\"timelimit\":",
        "\"retries\":",
        "\"body\":",
        "\"body_encoding\":\"base64\"",
        "\"compression\":\"gzip\"",
        "\"content-type\":",
        "\"content-encoding\":",
        "\"application/json\"",
        "\"mail.confirmation\"",
        "\\\"chain\\\": [{}]",
        "\\\"token\\\": \\\"s3cr3t-t0k3n\\\"",
        "\"s3cr3t-t0k3n\"",
        "[null, 1e308]",
        "\"tracestate\":",
    ],
    read,
};

fn read(input: &[u8]) -> String {
    match fuzz::celery_redis(input.to_vec()) {
        Ok(envelope) => intent(&envelope),
        Err(error) => harmless(error.to_string()),
    }
}

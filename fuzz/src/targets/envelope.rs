//! Envelopes: what can be read comes back as the same, and becomes an intent or says why not.

use airlock::envelope::Envelope;

use super::{Target, harmless};

pub(crate) const TARGET: Target = Target {
    name: "envelope",
    seeds: &[
        r#"{"airlock":1,"id":"0198c0de-0000-7000-8000-000000000000","task":"mail.confirmation","arguments":{"order_id":42,"note":"hi","token":"s3cr3t-t0k3n"},"enqueued_at":"2026-11-23T20:31:21.123456Z"}"#,
        r#"{"airlock":1,"id":"0198c0de-0000-7000-8000-000000000000","task":"none.such","arguments":{"a":[[[1.5e300]]]},"options":{"queue":"emails","at":"2026-11-23T20:31:21.123456Z","expires":"2026-12-23T20:31:21Z","priority":9,"max_attempts":3,"unique_key":"order 42"},"origin":"src/shop.rs:7","enqueued_at":"2026-11-23T20:31:21.123456Z","trace":{"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","tracestate":"a=1"}}"#,
    ],
    words: &[
        "\"airlock\":",
        "\"id\":",
        "\"task\":",
        "\"arguments\":",
        "\"options\":",
        "\"queue\":",
        "\"at\":",
        "\"expires\":",
        "\"trace\":",
        "\"traceparent\":",
        "\"enqueued_at\":",
        "\"unique_key\":",
        "\"mail.confirmation\"",
        "\"token\":",
        "\"s3cr3t-t0k3n\"",
        "\"rates\":",
        "\"airlock\":2",
    ],
    read,
};

fn read(input: &[u8]) -> String {
    let envelope = match Envelope::from_json(input) {
        Ok(envelope) => envelope,
        Err(error) => return harmless(error.to_string()),
    };
    let again = Envelope::from_json(&envelope.to_json()).expect("what was read can be read again");
    assert_eq!(again.to_json(), envelope.to_json());
    assert_eq!(
        (again.id(), again.task(), again.at()),
        (envelope.id(), envelope.task(), envelope.at())
    );
    assert!(!format!("{envelope:?}").contains("\n"));
    intent(&envelope)
}

/// The intent of an envelope, which is enqueued and goes nowhere.
pub(super) fn intent(envelope: &Envelope) -> String {
    let registry = airlock::registry().expect("one task of each name");
    match envelope.intent(registry) {
        Ok(intent) => {
            let shown = format!("{intent}");
            assert!(!shown.contains(super::SECRET), "{shown}");
            "an intent".to_owned()
        }
        Err(error) => harmless(error.to_string()),
    }
}

//! What is written, byte for byte, and what else is read.

use std::time::Duration;

use airlock::envelope::{Envelope, TraceContext};

use super::{TIME, intent_of, least, mail, now, read, sent, text};
use crate::envelope::ID;

#[test]
fn the_layout_is_this_one() {
    let intent = mail::intent(42, Some("thanks".into()))
        .queue("bulk")
        .delay(Duration::from_mins(1))
        .expires(Duration::from_hours(1))
        .priority(9)
        .max_attempts(3)
        .unique_key("order 42");
    let trace = TraceContext::new("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=b");
    let envelope = sent(&intent).with_trace(Some(trace));
    let line = intent.origin().line();
    let golden = format!(
        "{{\"airlock\":1,\
         \"id\":\"{}\",\
         \"task\":\"envelope.mail\",\
         \"arguments\":{{\"order_id\":42,\"note\":\"thanks\"}},\
         \"options\":{{\"queue\":\"bulk\",\"at\":\"2026-03-04T05:07:07.089Z\",\
         \"expires\":\"2026-03-04T06:06:07.089Z\",\"priority\":9,\"max_attempts\":3,\
         \"unique_key\":\"order 42\"}},\
         \"origin\":\"{}:{line}\",\
         \"enqueued_at\":\"{TIME}\",\
         \"trace\":{{\"traceparent\":\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\",\
         \"tracestate\":\"a=b\"}}}}",
        envelope.id(),
        file!(),
    );
    assert_eq!(text(&envelope), golden);
}

#[test]
fn what_is_not_set_is_not_written() {
    let envelope = sent(&crate::support::quiet::intent(1));
    let line = format!("{}:", file!());
    let golden = format!(
        "{{\"airlock\":1,\"id\":\"{}\",\"task\":\"it::support::quiet\",\"arguments\":{{\"n\":1}},\
         \"origin\":\"{}\",\"enqueued_at\":\"{TIME}\"}}",
        envelope.id(),
        envelope.origin(),
    );
    assert!(envelope.origin().starts_with(&line), "{}", envelope.origin());
    assert_eq!(text(&envelope), golden);
}

#[test]
fn unknown_fields_are_ignored() {
    let json = least(
        r#"{"order_id":1}"#,
        r#","shard":[1,{"of":2}],"options":{"queue":"bulk","region":"eu"},"trace":{"traceparent":"00-0","more":1}"#,
    );
    let envelope = read(&json);
    assert_eq!(envelope.queue(), Some("bulk"));
    assert_eq!(envelope.trace().map(TraceContext::traceparent), Some("00-0"));
    assert_eq!(intent_of(&envelope).expect("its own arguments"), "mail(order_id: 1, note: null)");
}

#[test]
fn fields_may_be_in_any_order_with_space_between() {
    let json = format!(
        "{{\n \"task\" : \"envelope.mail\", \"enqueued_at\":\"{TIME}\",\r\n\t\"arguments\":\n{{ \"order_id\" : 1 }},\"id\":\"{ID}\",\"airlock\":1}} "
    );
    assert_eq!(
        intent_of(&read(&json)).expect("its own arguments"),
        "mail(order_id: 1, note: null)"
    );
}

#[test]
fn a_message_from_elsewhere_becomes_an_envelope() {
    let id = read(&least("{}", "")).id();
    let envelope =
        Envelope::foreign(id, "envelope.mail", "{\n\"order_id\": 1\n}").expect("it is JSON");
    let envelope = envelope.with_queue("bulk").with_at(Some(now())).with_expires(Some(now()));
    let came = read(&text(&envelope));
    assert_eq!((came.id(), came.queue(), came.at()), (id, Some("bulk"), Some(now())));
    assert_eq!((came.expires(), came.origin(), came.trace()), (Some(now()), "", None));
    assert_eq!(intent_of(&came).expect("its own arguments"), "mail(order_id: 1, note: null)");
    for no_json in ["", "{", "{}{}", "None", "{'order_id': 1}"] {
        assert!(Envelope::foreign(id, "envelope.mail", no_json).is_err(), "{no_json}");
    }
}

#[test]
fn ids_grow() {
    let ids: Vec<_> = (0..10_000).map(|n| sent(&mail::intent(n, None)).id()).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "one is not greater than the one before");
    assert!(ids.iter().all(|id| id.get_version_num() == 7));
}

//! Options and times go and come back.

use std::time::{Duration, UNIX_EPOCH};

use super::{TIME, intent_of, least, mail, now, read, refused, sent, text};

#[test]
fn every_option_goes_and_comes_back() {
    let at = now() + Duration::from_millis(1_500);
    let plain = || mail::intent(1, None);
    let cases = [
        plain(),
        plain().queue("bulk"),
        plain().delay(Duration::from_nanos(1_234_567_890)),
        plain().delay(Duration::ZERO),
        plain().at(at),
        plain().at(UNIX_EPOCH - Duration::from_secs(1)),
        plain().expires(Duration::from_secs(1)),
        plain().priority(0),
        plain().priority(255),
        plain().max_attempts(u32::MAX),
        plain().unique_key("ключ \"1\"\n\u{0}"),
    ];
    for intent in cases {
        let sent = sent(&intent);
        let came = read(&text(&sent));
        assert_eq!(text(&came), text(&sent));
        assert_eq!(came.id(), sent.id());
        assert_eq!(came.task(), "envelope.mail");
        assert_eq!(came.arguments(), r#"{"order_id":1,"note":null}"#);
        assert_eq!(came.queue(), Some(intent.options().queue().unwrap_or("emails")));
        assert_eq!(came.max_attempts(), Some(intent.options().max_attempts().unwrap_or(7)));
        let delayed = intent.options().delay().map(|delay| now() + delay);
        assert_eq!(came.at(), delayed.or(intent.options().at()));
        assert_eq!(came.expires(), intent.options().expires().map(|lifetime| now() + lifetime));
        assert_eq!(came.priority(), intent.options().priority());
        assert_eq!(came.unique_key(), intent.options().unique_key());
        assert_eq!(came.enqueued_at(), now());
        assert_eq!(came.origin(), sent.origin());
        assert_eq!(intent_of(&came).expect("its own arguments"), "mail(order_id: 1, note: null)");
    }
}

/// A time that no calendar of four-digit years has is as good as for ever, and is no lost message.
#[test]
fn a_time_out_of_reach_is_the_last_one() {
    let far = now().checked_add(Duration::from_secs(1 << 60)).expect("the clock goes that far");
    for intent in [
        mail::intent(1, None).at(far),
        mail::intent(1, None).delay(Duration::MAX),
        mail::intent(1, None).expires(Duration::MAX),
    ] {
        let came = read(&text(&sent(&intent)));
        let asked = came.at().or(came.expires()).expect("it was asked for");
        assert!(asked > now() + Duration::from_hours(50 * 365 * 24), "{}", text(&came));
    }
    let came = read(&text(&sent(&mail::intent(1, None)).with_expires(Some(far))));
    assert!(came.expires() > Some(now()));
}

#[test]
fn times_are_those_of_rfc_3339() {
    for (written, meant) in [
        ("2026-03-04T05:06:07.089Z", now()),
        ("2026-03-04T05:06:07.089+00:00", now()),
        ("2026-03-04T07:06:07.089+02:00", now()),
        ("2026-03-03T23:36:07.089-05:30", now()),
        ("2026-03-04t05:06:07.089z", now()),
        ("2026-03-04T05:06:07Z", now() - Duration::from_millis(89)),
        ("2026-03-04T05:06:07.089000001Z", now() + Duration::from_nanos(1)),
        ("1969-12-31T23:59:59Z", UNIX_EPOCH - Duration::from_secs(1)),
    ] {
        let envelope = read(&least("{}", "").replace(TIME, written));
        assert_eq!(envelope.enqueued_at(), meant, "{written}");
        let envelope = read(&least("{}", &format!(r#","options":{{"at":"{written}"}}"#)));
        assert_eq!(envelope.at(), Some(meant), "{written}");
    }
    for wrong in ["", "today", "2026-03-04", "2026-03-04T05:06:07", "2026-13-04T05:06:07Z", "17"] {
        let error = refused(least("{}", "").replace(TIME, wrong));
        assert!(error.starts_with("the message is no envelope: "), "{error}");
    }
}

//! The envelope: its layout, what binaries of different ages make of it, and what no text can do to it.

use std::fmt::Write as _;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use airlock::envelope::{Envelope, TraceContext, of_batch};
use airlock::{Batch, DispatchError, Executor, Intent, registry};
use proptest::prelude::*;

use crate::support::{Ran, short};

#[airlock::task(name = "envelope.mail", queue = "emails", max_attempts = 7)]
fn mail(order_id: u64, note: Option<String>) {
    let _ = (order_id, note);
}

#[airlock::task(name = "envelope.keep")]
fn keep(value: serde_json::Value) {
    drop(value);
}

#[airlock::task(name = "envelope.login")]
fn login(user: String, #[secret] password: String) {
    drop((user, password));
}

#[airlock::task(name = "envelope.local", local)]
fn local(reply: std::sync::mpsc::Sender<u64>) {
    drop(reply);
}

/// 2026-03-04 05:06:07.089 UTC.
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(1_772_600_767_089)
}

fn sent(intent: &Intent) -> Envelope {
    Envelope::of(intent, now()).expect("its arguments have JSON")
}

fn text(envelope: &Envelope) -> String {
    String::from_utf8(envelope.to_json()).expect("JSON is UTF-8")
}

fn read(json: &str) -> Envelope {
    Envelope::from_json(json.as_bytes()).unwrap_or_else(|error| panic!("{json}: {error}"))
}

fn refused(json: impl AsRef<[u8]>) -> String {
    Envelope::from_json(json.as_ref()).expect_err("it is no envelope").to_string()
}

fn intent_of(envelope: &Envelope) -> Result<String, String> {
    let intent = envelope.intent(registry().expect("no task is there twice"));
    intent.map(|intent| short(&intent)).map_err(|error| error.to_string())
}

const ID: &str = "019cb7a5-d611-7000-8000-000000000000";
const TIME: &str = "2026-03-04T05:06:07.089Z";

/// An envelope with the least that there must be, and `more`.
fn least(arguments: &str, more: &str) -> String {
    format!(
        r#"{{"airlock":1,"id":"{ID}","task":"envelope.mail","arguments":{arguments},"enqueued_at":"{TIME}"{more}}}"#
    )
}

/// `depth` arrays, one in another.
fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

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
fn what_nobody_asked_for_is_not_there() {
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
fn every_option_goes_and_comes_back() {
    let at = now() + Duration::from_millis(1_500);
    let plain = || mail::intent(1, None);
    let cases = [
        plain(),
        plain().queue("bulk"),
        plain().queue(""),
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

#[test]
fn unknown_fields_are_left_alone() {
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
fn fields_may_be_in_any_order_and_apart() {
    let json = format!(
        "{{\n \"task\" : \"envelope.mail\", \"enqueued_at\":\"{TIME}\",\r\n\t\"arguments\":\n{{ \"order_id\" : 1 }},\"id\":\"{ID}\",\"airlock\":1}} "
    );
    assert_eq!(
        intent_of(&read(&json)).expect("its own arguments"),
        "mail(order_id: 1, note: null)"
    );
}

#[test]
fn a_later_version_is_refused_by_its_number() {
    let later = "the message is no envelope: it is of version 2, and this binary reads up to 1: \
                 update the worker";
    assert_eq!(refused(least("{}", "").replace("\"airlock\":1", "\"airlock\":2")), later);
    assert_eq!(refused(r#"{"airlock":2,"everything":"is else"}"#), later);
    assert_eq!(refused(r#"{"everything":"is else","arguments":7,"airlock":2}"#), later);
}

#[test]
fn what_is_wrong_is_said() {
    let is = |json: &str, expected: &str| {
        let error = refused(json);
        let said = error.strip_prefix("the message is no envelope: ").unwrap_or_else(|| {
            panic!("it begins otherwise: {error}");
        });
        assert!(said.starts_with(expected), "{json}\n is: {said}\nnot: {expected}");
    };
    is("", "EOF while parsing a value at line 1 column 0");
    is("{}", "missing field `airlock`");
    is("null", "invalid type: null, expected");
    is("[]", "");
    is(&least("{}", "}"), "trailing characters at line 1 column");
    is(&least("{}", r#","airlock":1"#), "duplicate field `airlock`");
    is(&least("{", ""), "key must be a string at line 1 column");
    is(&least("{}", r#","options":{"priority":256}"#), "invalid value: integer `256`, expected u8");
    is(&least("{}", r#","options":{"max_attempts":-1}"#), "invalid value: integer `-1`");
    is(&least("{}", r#","options":7"#), "invalid type: integer `7`, expected");
    is(&least("{}", r#","trace":{}"#), "missing field `traceparent`");
    is(&least("{}", "").replace(ID, "42"), "UUID parsing failed");
    is(&least("{}", "").replace("envelope.mail\"", "envelope.mail\\u12"), "");
    for field in ["id", "task", "arguments", "enqueued_at"] {
        let json = least("{}", "").replace(&format!("\"{field}\""), "\"unknown\"");
        is(&json, &format!("missing field `{field}`"));
    }
}

/// What the registry says of an envelope that is one.
#[test]
fn what_is_wrong_with_a_task_or_its_arguments_is_said() {
    let said = |json: &str| intent_of(&read(json)).expect_err("it is wrong");
    assert!(
        said(&least("{}", "").replace("envelope.mail", "envelope.mial"))
            .contains("`envelope.mail`"),
    );
    assert_eq!(said(&least("{}", "")), "`envelope.mail` lacks its argument `order_id`");
    for no_object in ["null", "7", "\"text\"", "[1, null]", "true"] {
        let error = said(&least(no_object, ""));
        assert!(
            error.starts_with("the arguments of `envelope.mail` are no JSON object"),
            "{error}"
        );
    }
}

#[test]
fn a_name_that_no_task_can_have_costs_nothing() {
    let begun = Instant::now();
    let json = least("{}", "").replace("envelope.mail", &"x".repeat(8 << 20));
    let error = match Envelope::from_json(json.as_bytes()) {
        Ok(envelope) => intent_of(&envelope).expect_err("nobody has such a name"),
        Err(error) => error.to_string(),
    };
    assert!(error.len() < 1_000, "the error is {} bytes long", error.len());
    assert!(begun.elapsed() < Duration::from_secs(5), "it took {:?}", begun.elapsed());
}

#[test]
fn the_size_is_bounded() {
    let padded = |bytes: usize| {
        let mut json = least(r#"{"order_id":1}"#, "");
        let padding = bytes - json.len();
        json.extend(std::iter::repeat_n(' ', padding));
        json
    };
    let largest = padded(Envelope::MAX_BYTES);
    assert_eq!(Envelope::MAX_BYTES, 16 << 20);
    assert!(intent_of(&read(&largest)).is_ok());
    assert_eq!(
        refused(padded(Envelope::MAX_BYTES + 1)),
        "the message is no envelope: it is 16777217 bytes long, and at most 16777216 are read",
    );
}

/// On a stack that 100,000 levels would not fit, so that what grows with the depth is found. 127 levels take a
/// good quarter of it where `serde_json` keeps the order of keys.
#[test]
fn the_depth_is_bounded() {
    let deep = || {
        for depth in [100, 127, 128, 1_000, 100_000] {
            let nested = nested(depth);
            let places = [
                least(&nested, ""),
                least(&format!(r#"{{"order_id":{nested}}}"#), ""),
                least(&format!(r#"{{"surplus":{nested}}}"#), ""),
                least(&format!(r#"{{"value":{nested}}}"#), "")
                    .replace("envelope.mail", "envelope.keep"),
                least(r#"{"order_id":1}"#, &format!(r#","unknown":{nested}"#)),
                least(r#"{"order_id":1}"#, &format!(r#","options":{{"unknown":{nested}}}"#)),
                least("{}", &format!(r#","options":{nested}"#)),
                least("{}", &format!(r#","trace":{nested}"#)),
                least("{}", "").replace("\"airlock\":1", &format!("\"airlock\":{nested}")),
                least("{}", &format!(r#","options":{nested}"#))
                    .replace("\"airlock\":1", "\"airlock\":2"),
                nested.clone(),
                "[".repeat(depth),
                least("{}", "").replace(
                    "\"arguments\":{}",
                    &format!("\"arguments\":{}", "{\"a\":".repeat(depth)),
                ),
            ];
            for json in places {
                let Ok(envelope) = Envelope::from_json(json.as_bytes()) else { continue };
                let again = Envelope::from_json(&envelope.to_json());
                assert!(again.is_ok(), "what was read is written as it was");
                let read = intent_of(&envelope);
                assert!(
                    read.is_err() || depth <= 127 || envelope.arguments().len() < 100,
                    "{depth} levels became a value",
                );
                drop(format!("{envelope:?}"));
            }
        }
    };
    let small = std::thread::Builder::new().stack_size(1 << 20).spawn(deep);
    small.expect("a thread").join().expect("no text overflows the stack");
}

/// What a worker would refuse does not leave, and what leaves is read.
#[test]
fn what_no_worker_would_read_is_not_sent() {
    let encoded = |value| Envelope::of(&keep::intent(value), now());
    let deep = |depth: usize| {
        let nested = (0..depth).fold(serde_json::Value::Null, |inner, _| vec![inner].into());
        encoded(nested)
    };
    // The object of all arguments is a level, too.
    let deepest = deep(126).expect("it may be so deep");
    assert!(intent_of(&read(&text(&deepest))).is_ok());
    assert_eq!(
        deep(127).expect_err("too deep").to_string(),
        "the arguments of `envelope.keep` can't be read by a worker: they are nested 128 levels deep, \
         and at most 127 are read: keep the value elsewhere, and pass its id",
    );
    // Brackets in a text are no levels.
    assert!(encoded("\\\"[{".repeat(1_000).into()).is_ok());

    let around = sent(&keep::intent("".into())).to_json().len();
    let long = |bytes: usize| encoded("x".repeat(bytes - around).into());
    let longest = long(Envelope::MAX_BYTES).expect("it may be so long");
    assert!(intent_of(&read(&text(&longest))).is_ok());
    assert_eq!(
        long(Envelope::MAX_BYTES + 1).expect_err("too long").to_string(),
        "the arguments of `envelope.keep` can't be read by a worker: the message would be 16777217 \
         bytes long, and at most 16777216 are read: keep the value elsewhere, and pass its id",
    );
    let queue = keep::intent(1.into()).queue("x".repeat(Envelope::MAX_BYTES));
    Envelope::of(&queue, now()).expect_err("a queue's name counts");
}

/// A reader quotes what it did not expect, which may be all of it.
#[test]
fn what_is_wrong_is_said_briefly() {
    let error = refused(format!("{:?}", "s3cret".repeat(1 << 20)));
    assert!(error.len() < 300, "{} bytes", error.len());
}

#[test]
fn arguments_without_json_have_no_envelope() {
    let (sender, _receiver) = std::sync::mpsc::channel();
    let error = Envelope::of(&local::intent(sender), now()).expect_err("it has no JSON");
    assert!(error.to_string().contains("`envelope.local`"), "{error}");
}

#[test]
fn ids_grow() {
    let ids: Vec<_> = (0..10_000).map(|n| sent(&mail::intent(n, None)).id()).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "one is not greater than the one before");
    assert!(ids.iter().all(|id| id.get_version_num() == 7));
}

#[test]
fn a_secret_is_for_the_engine_and_for_no_one_else() {
    const SECRET: &str = "hunter2";
    let envelope = sent(&login::intent("ann".into(), SECRET.into()));
    assert_eq!(envelope.arguments(), r#"{"user":"ann","password":"hunter2"}"#);
    let came = read(&text(&envelope));
    assert_eq!(intent_of(&came).as_deref(), Ok(r#"login(user: "ann", password: [secret])"#));

    let mut seen = format!("{envelope:?} {envelope:#?} {came:?}");
    let arguments = [
        r#"{"user":1,"password":"hunter2"}"#,
        r#"{"user":"ann","password":["hunter2"]}"#,
        r#"{"user":"ann","password":"hunter2","more":"hunter2"}"#,
        r#"{"user":"ann","password":"hunter2","password":"hunter2"}"#,
        r#"["hunter2"]"#,
        r#""hunter2""#,
    ];
    for arguments in arguments {
        let json = least(arguments, "").replace("envelope.mail", "envelope.login");
        let envelope = read(&json);
        let error = envelope.intent(registry().expect("no task is there twice"));
        let error = error.expect_err("the arguments are wrong");
        write!(seen, "{error} {error:?} {envelope:?}").expect("a string");
        // What is cut off, or behind it, is wrong with the envelope itself.
        for end in [json.len() - 1, json.find("hunter2").expect("it is in there") + 7] {
            write!(seen, "{}", refused(&json[..end])).expect("a string");
        }
        write!(seen, "{}", refused(format!("{json}\"hunter2\""))).expect("a string");
    }
    assert!(!seen.contains(SECRET), "{seen}");
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

/// Sends envelopes, and honours a queue and no other option.
struct Sends(Ran);

impl Executor for Sends {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        for envelope in of_batch(batch, "Sends", &["queue"])? {
            self.0.push(text(&envelope));
        }
        Ok(())
    }
}

#[test]
fn a_batch_becomes_envelopes_in_order() {
    let ran = Ran::new();
    let flushed = airlock::scope().executor(Sends(ran.clone())).run(|| {
        mail::enqueue(1, None)?;
        keep::enqueue(2.into())?;
        mail::intent(3, None).queue("bulk").enqueue()
    });
    flushed.expect("flushed").expect("enqueued");
    let came: Vec<_> = ran.list().iter().map(|json| read(json)).collect();
    let calls: Vec<_> = came.iter().map(|came| intent_of(came).expect("its own")).collect();
    assert_eq!(
        calls,
        ["mail(order_id: 1, note: null)", "keep(value: 2)", "mail(order_id: 3, note: null)"]
    );
    let queues: Vec<_> = came.iter().map(Envelope::queue).collect();
    assert_eq!(queues, [Some("emails"), None, Some("bulk")]);
    assert!(came.is_sorted_by(|a, b| a.id() < b.id() && a.enqueued_at() == b.enqueued_at()));
}

#[test]
fn an_option_that_is_not_honoured_keeps_the_whole_batch() {
    let ran = Ran::new();
    let flushed = airlock::scope().executor(Sends(ran.clone())).run(|| {
        mail::enqueue(1, None)?;
        mail::intent(2, None).queue("bulk").unique_key("2").enqueue()?;
        mail::enqueue(3, None)
    });
    let error = flushed.expect_err("a unique key is not honoured");
    assert!(error.to_string().contains("`Sends` can't honour the option `unique_key`"), "{error}");
    assert_eq!(error.into_intents().len(), 3);
    assert!(ran.list().is_empty());
}

/// An intent with some options, and the envelope's own fields.
fn envelopes() -> impl Strategy<Value = Envelope> {
    let options = (
        proptest::option::of("\\PC{0,12}"),
        proptest::option::of(0_u64..1 << 40),
        proptest::option::of(any::<u32>()),
        proptest::option::of(any::<u8>()),
        proptest::option::of("\\PC{0,12}"),
    );
    (any::<u64>(), proptest::option::of("\\PC{0,20}"), options).prop_map(
        |(order_id, note, (queue, delay, attempts, priority, key))| {
            let mut intent = mail::intent(order_id, note);
            if let Some(queue) = queue {
                intent = intent.queue(queue);
            }
            if let Some(delay) = delay {
                intent = intent.delay(Duration::from_nanos(delay));
            }
            if let Some(attempts) = attempts {
                intent = intent.max_attempts(attempts);
            }
            if let Some(priority) = priority {
                intent = intent.priority(priority);
            }
            if let Some(key) = key {
                intent = intent.unique_key(key);
            }
            sent(&intent)
        },
    )
}

/// One change to a text.
#[derive(Clone, Debug)]
enum Change {
    Set(u8),
    Insert(Vec<u8>),
    Remove(usize),
    Repeat(usize),
}

fn changes() -> impl Strategy<Value = Vec<(prop::sample::Index, Change)>> {
    let json = prop_oneof![
        Just(b"null".to_vec()),
        Just(b"{}".to_vec()),
        Just(b"[[[[".to_vec()),
        Just(b"\"\\u0000\"".to_vec()),
        Just(b"-1e999".to_vec()),
        Just(b",\"id\":".to_vec()),
        prop::collection::vec(any::<u8>(), 1..8),
    ];
    let change = prop_oneof![
        any::<u8>().prop_map(Change::Set),
        json.prop_map(Change::Insert),
        (1_usize..40).prop_map(Change::Remove),
        (1_usize..40).prop_map(Change::Repeat),
    ];
    prop::collection::vec((any::<prop::sample::Index>(), change), 1..6)
}

fn changed(mut json: Vec<u8>, changes: &[(prop::sample::Index, Change)]) -> Vec<u8> {
    for (place, change) in changes {
        if json.is_empty() {
            break;
        }
        let place = place.index(json.len());
        let end = |length: &usize| (place + length).min(json.len());
        match change {
            Change::Set(byte) => json[place] = *byte,
            Change::Insert(bytes) => drop(json.splice(place..place, bytes.iter().copied())),
            Change::Remove(length) => drop(json.drain(place..end(length))),
            Change::Repeat(length) => {
                let part = json[place..end(length)].to_vec();
                json.splice(place..place, part);
            }
        }
    }
    json
}

/// What can be asked of a text, whatever it is.
fn ask_everything(json: &[u8]) {
    match Envelope::from_json(json) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(envelope) => {
            let again = Envelope::from_json(&envelope.to_json());
            let again = again.expect("what was read can be written and read");
            assert_eq!(text(&again), text(&envelope));
            if let Err(error) = envelope.intent(registry().expect("no task is there twice")) {
                assert!(!error.to_string().is_empty());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_envelope_is_read_as_it_was_written(envelope in envelopes()) {
        let came = read(&text(&envelope));
        prop_assert_eq!(text(&came), text(&envelope));
        prop_assert_eq!(intent_of(&came), intent_of(&envelope));
        prop_assert!(intent_of(&came).is_ok());
    }

    #[test]
    fn a_changed_envelope_never_panics(envelope in envelopes(), changes in changes()) {
        ask_everything(&changed(envelope.to_json(), &changes));
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        ask_everything(&bytes);
    }
}

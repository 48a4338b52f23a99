//! How long and how deep a message may be.

use airlock::envelope::Envelope;

use super::{intent_of, keep, least, nested, now, read, refused, text};
use crate::support::unless_it_hangs;

/// To compare it with every name would take longer than is waited for.
#[test]
fn a_huge_name_that_no_task_has_is_refused_without_a_search() {
    unless_it_hangs(|| {
        let json = least("{}", "").replace("envelope.mail", &"x".repeat(8 << 20));
        let error = match Envelope::from_json(json.as_bytes()) {
            Ok(envelope) => intent_of(&envelope).expect_err("nobody has such a name"),
            Err(error) => error.to_string(),
        };
        assert!(error.len() < 1_000, "the error is {} bytes long", error.len());
    });
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

    let around = encoded("".into()).expect("it is short").to_json().len();
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

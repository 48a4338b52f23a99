//! Random envelopes, and random changes to them.

use std::time::Duration;

use airlock::envelope::Envelope;
use airlock::registry;
use proptest::prelude::*;

use super::{intent_of, mail, read, sent, text};

/// An intent with some options, and the envelope's own fields.
fn envelopes() -> impl Strategy<Value = Envelope> {
    let options = (
        proptest::option::of("\\PC{1,12}"),
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

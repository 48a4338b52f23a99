//! Dramatiq's messages, which are only written: each is one JSON object, and its arguments are those of the envelope.

use airlock::__private::fuzz;
use airlock::envelope::Envelope;
use serde_json::Value;

use super::Target;

pub(crate) const TARGET: Target = Target {
    name: "dramatiq",
    seeds: super::envelope::TARGET.seeds,
    words: super::envelope::TARGET.words,
    read,
};

fn read(input: &[u8]) -> String {
    let Ok(envelope) = Envelope::from_json(input) else { return "no envelope".to_owned() };
    // Rust reads no half of a pair of surrogates, and Python does.
    let Ok(arguments) = serde_json::from_str::<Value>(envelope.arguments()) else {
        return "arguments that are none in Rust".to_owned();
    };
    let written = fuzz::dramatiq(&envelope);
    let message: Value = serde_json::from_slice(&written).expect("it is JSON");
    assert_eq!(message["actor_name"], envelope.task());
    assert_eq!(message["message_id"], envelope.id().to_string());
    assert_eq!(message["kwargs"], arguments);
    let options = message["options"].as_object().expect("options are an object");
    assert_eq!(options.contains_key("eta"), envelope.at().is_some());
    let mut names: Vec<_> = options.keys().map(String::as_str).collect();
    names.sort_unstable();
    names.join(" ")
}

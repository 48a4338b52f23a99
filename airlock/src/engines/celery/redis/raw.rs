//! Parts of a message as the texts that they are.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// A field that is a text.
pub(super) fn text(field: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str(field.get()).ok().map(|Text(text)| text)
}

/// An object with fields set; the others stay the texts that they are.
pub(super) fn with<const N: usize>(json: &str, set: [(&str, Value); N]) -> String {
    let mut text = String::with_capacity(json.len());
    let mut deserializer = serde_json::Deserializer::from_str(json);
    // What is no object has no fields that could be kept.
    let _ = deserializer.deserialize_map(Others { text: &mut text, set: set.each_ref() });
    for (name, value) in set {
        add(&mut text, name, &value.to_string());
    }
    ["{", &text, "}"].concat()
}

fn add(text: &mut String, name: &str, value: &str) {
    let comma = if text.is_empty() { "" } else { "," };
    let name = Value::from(name);
    text.extend([comma, &name.to_string(), ":", value]);
}

/// Writes the fields that are not set.
struct Others<'s, const N: usize> {
    text: &'s mut String,
    set: [&'s (&'s str, Value); N],
}

impl<'de, const N: usize> Visitor<'de> for Others<'_, N> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some((Text(name), value)) = map.next_entry::<Text<'_>, &RawValue>()? {
            if self.set.iter().all(|(set, _)| *set != name) {
                add(self.text, &name, value.get());
            }
        }
        Ok(())
    }
}

//! The arguments in a message's body.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::core::registry::registry;
use crate::core::task::Parameter;
use crate::core::task::without_values::json_fault;
use crate::engines::celery::fields::fields;
use crate::envelope::EnvelopeError;

/// The body of protocol 2: positional arguments, keyword arguments, and what to call next.
#[derive(Deserialize)]
struct Body<'a>(
    #[serde(borrow)] Positional<'a>,
    #[serde(borrow)] &'a RawValue,
    #[serde(borrow, default)] Option<&'a RawValue>,
);

/// Positional arguments.
struct Positional<'a> {
    /// The first of them.
    raw: Vec<&'a RawValue>,
    count: usize,
}

impl<'de: 'a, 'a> Deserialize<'de> for Positional<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(PositionalVisitor)
    }
}

struct PositionalVisitor;

impl<'de> Visitor<'de> for PositionalVisitor {
    type Value = Positional<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of positional arguments")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Positional<'de>, S::Error> {
        /// More than any task takes: millions of them would take many times their size in memory.
        const MOST: usize = 100;
        let mut raw = Vec::new();
        while raw.len() < MOST {
            let Some(one) = seq.next_element()? else { break };
            raw.push(one);
        }
        let mut count = raw.len();
        while raw.len() == MOST && seq.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Positional { raw, count })
    }
}

/// Refuses a message that asks for further calls once the task is done: a Rust worker makes none.
fn check_next(next: &RawValue) -> Result<(), EnvelopeError> {
    const ASKED: [&str; 4] = ["callbacks", "errbacks", "chain", "chord"];
    let next = fields(next.get(), ASKED).map_err(|error| no_body(&error))?;
    for (asked, what) in ASKED.iter().zip(next) {
        let is_none = |what: &RawValue| {
            let list = what.get().strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
            what.get() == "null" || list.is_some_and(|inside| inside.trim().is_empty())
        };
        if !what.is_none_or(is_none) {
            return Err(EnvelopeError::new(format!(
                "it has {asked}, which a Rust worker can't call: send the tasks one by one, or \
                 enqueue the next one in the task itself"
            )));
        }
    }
    Ok(())
}

fn no_body(error: &serde_json::Error) -> EnvelopeError {
    let fault = json_fault(error);
    EnvelopeError::new(format!("its body is not that of Celery's protocol 2: {fault}"))
}

/// One object of all arguments, the positional ones under the names of the task's parameters.
pub(super) fn arguments(task: &str, body: &[u8]) -> Result<String, EnvelopeError> {
    let Body(positional, by_name, next) =
        serde_json::from_slice(body).map_err(|error| no_body(&error))?;
    next.map_or(Ok(()), check_next)?;
    if positional.count == 0 {
        return Ok(by_name.get().to_owned());
    }
    let inner = by_name.get().strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let inner =
        inner.ok_or_else(|| EnvelopeError::new("its keyword arguments are no JSON object"))?.trim();
    let registry = registry().map_err(|error| EnvelopeError::new(error.to_string()))?;
    let found = registry.find(task).map_err(|error| EnvelopeError::new(error.to_string()))?;
    let parameters = found.parameters();
    if positional.count > parameters.len() {
        return Err(EnvelopeError::new(format!(
            "it has {} positional arguments, and `{task}` takes {}",
            positional.count,
            parameters.len()
        )));
    }
    Ok(object(parameters, &positional.raw, inner))
}

/// The positional arguments under their names, and then what the inside of an object has. Rust's `Debug` is no way to
/// write a name in JSON: it escapes marks as `\u{93e}`.
fn object(parameters: &[Parameter], positional: &[&RawValue], inner: &str) -> String {
    let named = parameters.iter().zip(positional);
    let mut all: Vec<_> = named
        .map(|(parameter, raw)| format!("{}:{}", Value::from(parameter.name()), raw.get()))
        .collect();
    all.extend((!inner.is_empty()).then(|| inner.to_owned()));
    format!("{{{}}}", all.join(","))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use serde_json::value::to_raw_value;

    use super::*;

    #[test]
    fn a_positional_argument_stands_under_its_name_in_any_script() {
        for name in ["order_id", "नाम", "ชื่อ", "q\u{301}", "größe"] {
            let one = to_raw_value(&1).expect("a number is JSON");
            let object = object(&[Parameter::new(name, "u8")], &[&one], r#""more": 2"#);
            let read: Value = serde_json::from_str(&object).expect("it is JSON");
            assert_eq!(read, json!({name: 1, "more": 2}), "{object}");
        }
    }
}

//! The arguments in a message's body.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::core::registry::registry;
use crate::core::task::Parameter;
use crate::envelope::EnvelopeError;

/// The body of protocol 2: positional arguments, keyword arguments, and what to call next.
#[derive(Deserialize)]
struct Body<'a>(
    #[serde(borrow)] Vec<&'a RawValue>,
    #[serde(borrow)] &'a RawValue,
    #[serde(default)] Map<String, Value>,
);

/// Refuses a message that asks for further calls once the task is done: a Rust worker makes none.
fn check_next(next: &Map<String, Value>) -> Result<(), EnvelopeError> {
    for asked in ["callbacks", "errbacks", "chain", "chord"] {
        match next.get(asked) {
            None | Some(Value::Null) => {}
            Some(Value::Array(none)) if none.is_empty() => {}
            Some(_) => {
                return Err(EnvelopeError::new(format!(
                    "it has {asked}, which a Rust worker can't call: send the tasks one by one, or \
                     enqueue the next one in the task itself"
                )));
            }
        }
    }
    Ok(())
}

/// One object of all arguments, the positional ones under the names of the task's parameters.
pub(super) fn arguments(task: &str, body: &[u8]) -> Result<String, EnvelopeError> {
    let Body(positional, by_name, next) = serde_json::from_slice(body).map_err(|error| {
        EnvelopeError::new(format!("its body is not that of Celery's protocol 2: {error}"))
    })?;
    check_next(&next)?;
    if positional.is_empty() {
        return Ok(by_name.get().to_owned());
    }
    let inner = by_name.get().strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let inner =
        inner.ok_or_else(|| EnvelopeError::new("its keyword arguments are no JSON object"))?.trim();
    let registry = registry().map_err(|error| EnvelopeError::new(error.to_string()))?;
    let found = registry.find(task).map_err(|error| EnvelopeError::new(error.to_string()))?;
    let parameters = found.parameters();
    if positional.len() > parameters.len() {
        return Err(EnvelopeError::new(format!(
            "it has {} positional arguments, and `{task}` takes {}",
            positional.len(),
            parameters.len()
        )));
    }
    Ok(object(parameters, &positional, inner))
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
            let object = object(&[Parameter::new(name)], &[&one], r#""more": 2"#);
            let read: Value = serde_json::from_str(&object).expect("it is JSON");
            assert_eq!(read, json!({name: 1, "more": 2}), "{object}");
        }
    }
}

//! The arguments in a message's body.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::core::registry::registry;
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
    let named = parameters.iter().zip(positional);
    let mut all: Vec<_> = named
        .map(|(parameter, raw)| format!("{}:{}", Value::from(parameter.name()), raw.get()))
        .collect();
    all.extend((!inner.is_empty()).then(|| inner.to_owned()));
    Ok(format!("{{{}}}", all.join(",")))
}

//! The arguments of an intent, for people.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::core::cut::cut_argument;
use crate::core::task::{Parameter, TaskInfo};

/// The arguments of an intent in the order of the parameters, secrets covered. They are taken once, and made an object
/// or a text where one is read.
#[derive(Clone)]
pub(crate) struct Shown {
    task: &'static TaskInfo,
    values: Vec<Value>,
}

impl Shown {
    /// Covers the secrets among the values of a call of `task`.
    pub(super) fn of(task: &'static TaskInfo, mut values: Vec<Value>) -> Self {
        for (parameter, value) in task.parameters().iter().zip(&mut values) {
            if parameter.is_secret() {
                *value = Value::from("[secret]");
            }
        }
        Self { task, values }
    }

    pub(crate) fn task(&self) -> &'static TaskInfo {
        self.task
    }

    fn iter(&self) -> impl Iterator<Item = (&'static Parameter, &Value)> {
        self.task.parameters().iter().zip(&self.values)
    }

    /// An object keyed by parameter name.
    pub(crate) fn object(&self) -> Value {
        let named = self.iter().map(|(parameter, value)| (parameter.name().into(), value.clone()));
        Value::Object(named.collect::<Map<_, _>>())
    }

    /// The text `order_id: 42, token: [secret]`, with each long argument cut.
    pub(crate) fn list(&self) -> String {
        let local = self.task.is_local();
        let mut list = String::new();
        for (parameter, value) in self.iter() {
            if !list.is_empty() {
                list.push_str(", ");
            }
            list.push_str(parameter.name());
            list.push_str(": ");
            let written = match value {
                // Debug text of a local argument, and what stands for a secret, are no JSON strings.
                Value::String(text) if local || parameter.is_secret() => {
                    write!(list, "{}", cut_argument(text))
                }
                value => write!(list, "{}", cut_argument(value)),
            };
            debug_assert!(written.is_ok(), "a string takes any text");
        }
        list
    }
}

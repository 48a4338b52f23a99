//! The tasks of a binary as messages see them.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::core::registry::Registry;
use crate::core::registry::task_set::TaskSet;
use crate::core::task::arguments::Lacking;
use crate::core::task::wire::Wire;
use crate::core::task::{Parameter, TaskInfo};

/// The layout of the JSON. A later one may add fields under the same number.
pub(crate) const VERSION: u64 = 1;

/// The tasks of a binary as messages see them: their names, parameters and options, in a file that can be compared.
///
/// [`Registry::manifest`] makes one. [`assert_manifest!`](crate::testing::assert_manifest) holds it against a file, and
/// says what has changed for messages in flight.
///
/// Tasks that are `local` are left out, for they have no messages. The text is the same for every build of the same tasks:
/// it has no places and no addresses.
///
/// # Examples
///
/// ```standalone_crate
/// #[airlock::task(name = "mail.reset", queue = "emails")]
/// fn send_reset_link(user_id: u64, #[secret] token: String, #[default(3)] retries: u8) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let manifest = airlock::registry()?.manifest();
/// assert_eq!(
///     manifest.to_string(),
///     r#"{
///   "tasks": {
///     "mail.reset": {
///       "parameters": [
///         {
///           "name": "user_id",
///           "type": "u64"
///         },
///         {
///           "name": "token",
///           "secret": true,
///           "type": "String"
///         },
///         {
///           "default": 3,
///           "name": "retries",
///           "type": "u8"
///         }
///       ],
///       "queue": "emails"
///     }
///   },
///   "version": 1
/// }
/// "#,
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Manifest {
    /// Ordered by name.
    tasks: Vec<&'static TaskInfo>,
}

impl Manifest {
    pub(super) fn of(registry: &Registry) -> Self {
        Self { tasks: registry.iter().filter(|task| !task.is_local()).collect() }
    }

    /// The same with these tasks only, such as those that go to an engine.
    #[must_use]
    pub fn only(mut self, tasks: &TaskSet) -> Self {
        self.tasks.retain(|task| tasks.contains(task));
        self
    }

    /// The tasks, ordered by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'static TaskInfo> {
        self.tasks.iter().copied()
    }

    /// The manifest as JSON, with the keys of each object sorted. What is not so of a task or a parameter is missing.
    ///
    /// `{"version", "tasks": {name: {"parameters": [{"name", "type", "also", "schema", "secret", "default" or "default_code"}],
    /// "default_name", "queue", "max_attempts", "removed", "also", "best_effort", "elsewhere"}}}`.
    pub fn to_json(&self) -> Value {
        let tasks: Map<_, _> =
            self.iter().map(|info| (info.name().to_owned(), task(info))).collect();
        let mut json = json!({ "version": VERSION, "tasks": tasks });
        // Whether they are by themselves is a feature of serde_json, which any crate may turn on.
        json.sort_all_objects();
        json
    }
}

/// The text of the file: the JSON on several lines, and a last line break.
impl fmt::Display for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:#}", self.to_json())
    }
}

impl fmt::Debug for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(TaskInfo::name)).finish()
    }
}

fn task(info: &TaskInfo) -> Value {
    let of_types = |wire: &Wire| (wire.lacking)().into_iter().zip((wire.schemas)());
    let of_types = info.wire.as_ref().map(of_types).into_iter().flatten();
    let parameters = info.parameters().iter().zip(of_types);
    let parameters: Vec<_> = parameters
        .map(|(parameter, (lacking, schema))| parameter_of(parameter, lacking, schema))
        .collect();
    let mut json = Map::from_iter([("parameters".to_owned(), parameters.into())]);
    let mut add = |key: &str, value: Option<Value>| {
        json.extend(value.map(|value| (key.to_owned(), value)));
    };
    add("queue", info.queue().map(Value::from));
    add("max_attempts", info.max_attempts().map(Value::from));
    add("removed", Some(info.removed()).filter(|names| !names.is_empty()).map(Value::from));
    add("also", Some(info.also()).filter(|names| !names.is_empty()).map(Value::from));
    add("default_name", is(info.has_default_name()));
    add("best_effort", is(info.is_best_effort()));
    add("elsewhere", is(info.is_elsewhere()));
    json.into()
}

fn parameter_of(parameter: &Parameter, lacking: Lacking, schema: Option<Value>) -> Value {
    let mut json = json!({ "name": parameter.name(), "type": parameter.type_text() });
    if parameter.is_secret() {
        json["secret"] = true.into();
    }
    if !parameter.also().is_empty() {
        json["also"] = parameter.also().into();
    }
    if let Some(schema) = schema {
        json["schema"] = schema;
    }
    match lacking {
        Lacking::Rejected => {}
        Lacking::Value(value) => json["default"] = value,
        Lacking::Code(code) => json["default_code"] = code.into(),
    }
    json
}

fn is(so: bool) -> Option<Value> {
    so.then_some(Value::Bool(true))
}

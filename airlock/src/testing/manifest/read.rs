//! A manifest, read.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::core::registry::manifest::VERSION;

/// The tasks of a manifest, by name.
pub(super) struct Tasks(pub(super) BTreeMap<String, Task>);

/// What a manifest says of a task.
pub(super) struct Task {
    pub(super) parameters: Vec<Parameter>,
    pub(super) queue: Option<String>,
    pub(super) max_attempts: Option<u64>,
    pub(super) removed: Vec<String>,
    /// The names that it had.
    pub(super) also: Vec<String>,
    pub(super) default_name: bool,
    pub(super) best_effort: bool,
    /// It is a struct.
    pub(super) elsewhere: bool,
    /// All that is written of it.
    pub(super) json: Value,
}

/// What a manifest says of a parameter.
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) ty: String,
    /// The type's JSON schema, which there is where the feature `schemars` is on and the type has one.
    pub(super) schema: Option<Value>,
    /// The names that it had.
    pub(super) also: Vec<String>,
    pub(super) secret: bool,
    /// What the argument is in a message that lacks it, as a text for people.
    pub(super) default: Option<String>,
}

type Object = Map<String, Value>;

impl Tasks {
    /// The manifest of a file's text.
    ///
    /// # Errors
    ///
    /// Why it is none, as what follows the file's name in a sentence.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let json: Value = serde_json::from_str(text).map_err(|error| {
            format!(
                "is not JSON in line {}, which an unfinished merge may be: {error}",
                error.line()
            )
        })?;
        Self::read(&json)
    }

    /// The manifest of JSON.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub(super) fn read(json: &Value) -> Result<Self, String> {
        let none = |lacks: &str| format!("is no manifest of tasks: it lacks {lacks}");
        let version = json["version"].as_u64().ok_or_else(|| none("a `version`"))?;
        if version != VERSION {
            return Err(format!(
                "is a manifest of version {version}, and this airlock reads version {VERSION}: update airlock"
            ));
        }
        let tasks = json["tasks"].as_object().ok_or_else(|| none("`tasks`"))?;
        let read = |(name, json): (&String, &Value)| {
            let task = task(json).ok_or_else(|| none(&format!("the parameters of `{name}`")))?;
            Ok((name.clone(), task))
        };
        tasks.iter().map(read).collect::<Result<_, _>>().map(Self)
    }
}

impl Task {
    pub(super) fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }
}

fn task(json: &Value) -> Option<Task> {
    let task = json.as_object()?;
    let parameters = task.get("parameters")?.as_array()?.iter();
    Some(Task {
        parameters: parameters.map(parameter).collect::<Option<_>>()?,
        queue: text(task, "queue"),
        max_attempts: task.get("max_attempts").and_then(Value::as_u64),
        removed: texts(task, "removed"),
        also: texts(task, "also"),
        default_name: is(task, "default_name"),
        best_effort: is(task, "best_effort"),
        elsewhere: is(task, "elsewhere"),
        json: json.clone(),
    })
}

fn parameter(json: &Value) -> Option<Parameter> {
    let parameter = json.as_object()?;
    let value = parameter.get("default").map(|value| format!("`{value}`"));
    let code = || text(parameter, "default_code").map(|code| format!("`{code}`"));
    Some(Parameter {
        name: text(parameter, "name")?,
        ty: text(parameter, "type")?,
        schema: parameter.get("schema").cloned(),
        also: texts(parameter, "also"),
        secret: is(parameter, "secret"),
        default: value.or_else(code),
    })
}

fn text(object: &Object, key: &str) -> Option<String> {
    object.get(key)?.as_str().map(str::to_owned)
}

fn texts(object: &Object, key: &str) -> Vec<String> {
    let texts = object.get(key).and_then(Value::as_array).into_iter().flatten();
    texts.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn is(object: &Object, key: &str) -> bool {
    object.get(key).and_then(Value::as_bool).unwrap_or_default()
}

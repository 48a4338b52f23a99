//! Why a message is not an intent.

use std::fmt;

use crate::core::cut::cut;
use crate::core::task::nearest;
use crate::core::task::unknown_task::UnknownTask;
use crate::core::task::without_values::without_values;
use crate::core::task::{Parameter, TaskInfo};

/// A name and a JSON text that don't make an intent.
///
/// # Examples
///
/// ```standalone_crate
/// #[airlock::task(name = "warehouse.pack")]
/// fn pack(order_id: u64, boxes: u8) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let registry = airlock::registry()?;
/// let error = |json| registry.decode("warehouse.pack", json).unwrap_err().to_string();
///
/// assert_eq!(error(r#"{"order_id": 1}"#), "`warehouse.pack` lacks its argument `boxes`");
/// assert_eq!(
///     error(r#"{"order_id": 1, "boxes": "two"}"#),
///     "the argument `boxes` of `warehouse.pack` has the wrong type: \
///      invalid type: string, expected u8 at line 1 column 30",
/// );
/// assert_eq!(
///     error(r#"{"order_id": 1, "boxes": 2, "boxs": 2}"#),
///     "`warehouse.pack` has no argument `boxs`: did you mean `boxes`?",
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum DecodeError {
    /// No task has the name.
    UnknownTask(UnknownTask),
    /// The task is `local`: its arguments have no JSON.
    LocalTask {
        /// The task.
        task: &'static TaskInfo,
    },
    /// The text is no JSON object.
    Malformed {
        /// The task.
        task: &'static TaskInfo,
        /// What the JSON reader said; where, for a task with a `#[secret]` parameter.
        why: String,
    },
    /// An argument is missing that is not an `Option` and has no `#[default]`.
    MissingArgument {
        /// The task.
        task: &'static TaskInfo,
        /// The parameter's name.
        argument: &'static str,
    },
    /// There is an argument that the task does not have, and that it does not list as `removed`.
    SurplusArgument {
        /// The task.
        task: &'static TaskInfo,
        /// The argument's key.
        argument: String,
        /// The parameter's name that is nearest to it.
        nearest: Option<&'static str>,
    },
    /// An argument is given twice.
    RepeatedArgument {
        /// The task.
        task: &'static TaskInfo,
        /// The parameter's name.
        argument: &'static str,
    },
    /// An argument is not of its parameter's type.
    MistypedArgument {
        /// The task.
        task: &'static TaskInfo,
        /// The parameter's name.
        argument: &'static str,
        /// What the JSON reader said, without the value; covered for a `#[secret]` argument, and where the type's own
        /// words may quote a secret.
        why: String,
    },
}

impl DecodeError {
    pub(crate) fn malformed(task: &'static TaskInfo, error: &serde_json::Error) -> Self {
        // The reader quotes what it did not expect, which may be a secret.
        let why = if task.parameters().iter().any(Parameter::is_secret) {
            format!("at line {} column {}", error.line(), error.column())
        } else {
            let said = error.to_string();
            without_values(&said).unwrap_or(said)
        };
        Self::Malformed { task, why }
    }

    pub(crate) fn missing(task: &'static TaskInfo, parameter: Parameter) -> Self {
        Self::MissingArgument { task, argument: parameter.name() }
    }

    pub(crate) fn repeated(task: &'static TaskInfo, parameter: Parameter) -> Self {
        Self::RepeatedArgument { task, argument: parameter.name() }
    }

    pub(crate) fn mistyped(
        task: &'static TaskInfo,
        parameter: Parameter,
        error: &impl fmt::Display,
    ) -> Self {
        let said = error.to_string();
        let why = if parameter.is_secret() {
            "[secret]".to_owned()
        } else if let Some(why) = without_values(&said) {
            why
        } else if task.parameters().iter().any(Parameter::is_secret) {
            // Arguments that have changed places bring one here.
            "it can't be read, and may be a secret".to_owned()
        } else {
            said
        };
        Self::MistypedArgument { task, argument: parameter.name(), why }
    }

    pub(crate) fn rounded(task: &'static TaskInfo, parameter: Parameter, digits: usize) -> Self {
        let why = if parameter.is_secret() {
            "[secret]".to_owned()
        } else {
            format!(
                "it has an integer of {digits} digits, which would run as another number: send it as a text"
            )
        };
        Self::MistypedArgument { task, argument: parameter.name(), why }
    }

    pub(crate) fn surplus(task: &'static TaskInfo, argument: String) -> Self {
        let nearest = nearest::nearest(&argument, task.parameters().iter().map(Parameter::name));
        Self::SurplusArgument { task, argument, nearest }
    }
}

impl From<UnknownTask> for DecodeError {
    fn from(error: UnknownTask) -> Self {
        Self::UnknownTask(error)
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownTask(error) => error.fmt(f),
            Self::LocalTask { task } => {
                write!(f, "`{task}` is a `local` task: it can only be enqueued in its own process")
            }
            Self::Malformed { task, why } => {
                write!(f, "the arguments of `{task}` are no JSON object: {}", cut(why))
            }
            Self::MissingArgument { task, argument } => {
                write!(f, "`{task}` lacks its argument `{argument}`")
            }
            Self::SurplusArgument { task, argument, nearest: Some(nearest) } => {
                let argument = cut(argument);
                write!(f, "`{task}` has no argument `{argument}`: did you mean `{nearest}`?")
            }
            Self::SurplusArgument { task, argument, nearest: None } => {
                write!(f, "`{task}` has no argument `{}`: it takes ", cut(argument))?;
                if task.parameters().is_empty() {
                    return f.write_str("none");
                }
                for (index, parameter) in task.parameters().iter().enumerate() {
                    write!(f, "{}`{}`", if index == 0 { "" } else { ", " }, parameter.name())?;
                }
                Ok(())
            }
            Self::RepeatedArgument { task, argument } => {
                write!(f, "the argument `{argument}` of `{task}` is given twice")
            }
            Self::MistypedArgument { task, argument, why } => {
                write!(f, "the argument `{argument}` of `{task}` has the wrong type: {}", cut(why))
            }
        }
    }
}

/// The text of `Display`: what a `main` that returns the error shows.
impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for DecodeError {}

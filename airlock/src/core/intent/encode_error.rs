//! Why an intent has no JSON.

use std::fmt;

use crate::core::cut::cut;
use crate::core::task::decode_error::DecodeError;
use crate::core::task::values::NotKept;
use crate::core::task::wire::{MAX_DEPTH, Unsent};
use crate::core::task::{Parameter, TaskInfo};

/// An intent's arguments can't be written as JSON.
///
/// # Examples
///
/// ```
/// #[airlock::task(local, name = "reply")]
/// fn reply(to: std::sync::mpsc::Sender<u64>) {}
///
/// let (sender, _receiver) = std::sync::mpsc::channel();
/// let error = reply::intent(sender).to_json().unwrap_err();
/// assert!(error.to_string().starts_with("the arguments of `reply` can't be written as JSON"));
/// ```
#[derive(Clone, Debug)]
pub struct EncodeError {
    task: &'static TaskInfo,
    what: &'static str,
    why: String,
}

impl EncodeError {
    pub(super) fn unwritable(task: &'static TaskInfo, why: String) -> Self {
        Self { task, what: "written as JSON", why }
    }

    pub(super) fn unsent(task: &'static TaskInfo, unsent: Unsent) -> Self {
        // serde's words may quote the argument.
        let quoted = |parameter: Option<Parameter>, why: String| match parameter {
            Some(parameter) if parameter.is_secret() => format!("`{}` [secret]", parameter.name()),
            Some(parameter) => format!("`{}`: {why}", parameter.name()),
            None if task.parameters().iter().any(Parameter::is_secret) => "[secret]".into(),
            None => why,
        };
        match unsent {
            Unsent::Unwritten { parameter, why } => Self::unwritable(task, quoted(parameter, why)),
            Unsent::TooDeep { depth } => Self::unreadable(
                task,
                format!(
                    "they are nested {depth} levels deep, and at most {MAX_DEPTH} are read: keep the value \
                     elsewhere, and pass its id"
                ),
            ),
            Unsent::Unread { error, no_number } => {
                let change = match error {
                    DecodeError::MistypedArgument { argument, why, .. } => {
                        format!("`{argument}` would not be read: {why}")
                    }
                    error => format!("they would not be read: {error}"),
                };
                Self { task, what: "sent as JSON", why: format!("{change}; {}", next(no_number)) }
            }
            Unsent::NotKept { parameter, how } => {
                Self { task, what: "sent as JSON", why: not_kept(parameter, how) }
            }
        }
    }

    pub(crate) fn unreadable(task: &'static TaskInfo, why: String) -> Self {
        Self { task, what: "read by a worker", why }
    }
}

fn not_kept(parameter: Parameter, how: NotKept) -> String {
    let name = parameter.name();
    let values = how.values.filter(|_| !parameter.is_secret());
    let change = values.map_or_else(
        || format!("`{name}` would arrive as another value"),
        |values| format!("of `{name}`, {values}"),
    );
    format!("{change}; {}", next(how.no_number))
}

fn next(no_number: bool) -> &'static str {
    if no_number {
        "JSON has no NaN and no infinities: pass a finite number, or `None`"
    } else {
        "pass a value that JSON keeps, such as an id, or write `#[airlock::task(local)]` for a task that runs \
         in this process only"
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = cut(&self.why);
        write!(f, "the arguments of `{}` can't be {}: {why}", self.task, self.what)
    }
}

impl std::error::Error for EncodeError {}

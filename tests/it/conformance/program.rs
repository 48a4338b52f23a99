//! The grammar of the programs: see `docs/airlock-py.md`.

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
pub(super) struct Scenario {
    pub(super) id: String,
    pub(super) program: Vec<Statement>,
    pub(super) trace: Vec<Value>,
}

#[derive(Clone, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(super) enum Statement {
    Enqueue { task: Task, arg: i64, on_error: OnError },
    Raise,
    Inspect,
    Local { policy: Policy, body: Vec<Statement> },
    Scope { policy: Policy, release: Release, flush_when: FlushWhen, body: Vec<Statement> },
    Manual { policy: Policy, release: Release, end: End, body: Vec<Statement> },
    Try { body: Vec<Statement> },
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Task {
    Alpha,
    Bravo,
    Charlie,
    Delta,
    Boom,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum OnError {
    Propagate,
    Ignore,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FlushWhen {
    Ok,
    Always,
    Never,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum End {
    Flush,
    Discard,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Release {
    Tasks(Vec<Task>),
    Word(ReleaseWord),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ReleaseWord {
    None,
    All,
}

#[derive(Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Policy {
    AllowAll,
    DropAll,
    AssertNoEffects,
    BlockTasks { tasks: Vec<Task>, raise: bool },
    AllowOnly { tasks: Vec<Task> },
    LogOnFlush,
}

//! Express side effects anywhere. Control whether and when they escape.
#![doc = "\n"]
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod arguments;
mod config;
mod error;
mod events;
mod executor;
mod intent;
mod options;
mod payload;
mod policy;
mod registry;
mod report;
mod scope;
mod states;
mod table;
mod task;
mod task_set;
pub mod testing;
#[cfg(feature = "tokio")]
pub mod tokio;

use __private as private;

pub use airlock_macros::{policy, scoped, task};

pub use config::{AlreadyConfigured, Configuration, configure};
pub use error::{EnqueueError, Refusal};
pub use executor::{
    Batch, DispatchError, Executor, Inline, InlineBuilder, OnFailure, StatesError, ThreadPool,
    ThreadPoolBuilder, ThreadPoolError,
};
pub use intent::{EncodeError, Intent};
pub use options::{Options, UnsupportedOption};
pub use policy::{
    AllowAll, AllowOnly, AssertNoEffects, BlockTasks, Coalesce, DropAll, Judge, Limit, LogOnFlush,
    Occasion, Policy, PolicyName, PolicyViolation, Verdict,
};
pub use registry::{DecodeError, DuplicateTasks, Registry, UnknownTask, registry};
pub use report::{Fate, Report, ReportEntry, Why};
pub use scope::{
    Carried, FailedIntent, FlushError, Handle, InScope, Inspected, Inspection, LocalPolicy,
    Outcome, Scope, Sealed, Success, current, policy, scope,
};
pub use states::{MissingStates, States};
pub use task::{Parameter, Place, Task, TaskInfo};
pub use task_set::{NamedTasksError, TaskSet};

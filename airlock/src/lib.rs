//! Express side effects anywhere. Control whether and when they escape.
//!
//! # The problem
//!
//! Code that places an order knows that a mail has to be sent, and that the warehouse has to hear of
//! it. It doesn't know whether the transaction around it will commit, whether it runs in a migration
//! that must not write to anybody, or in a test. Send the mail there, and it is sent too early or to the
//! wrong people; send it elsewhere, and the code no longer says what happens.
//!
//! Here the code says *what*. The scope around it decides *when*, its policies decide *whether*, and its
//! executor *how*.
//!
//! # Example
//!
//! ```
//! use airlock::{AssertNoEffects, DropAll, block_tasks};
//!
//! #[airlock::task]
//! fn notify_warehouse(order_id: u64) {
//!     println!("the warehouse packs order {order_id}");
//! }
//!
//! #[airlock::task]
//! fn send_confirmation_email(order_id: u64) {
//!     println!("a mail says that order {order_id} is on its way");
//! }
//!
//! struct Order {
//!     id: u64,
//! }
//!
//! impl Order {
//!     fn process(&self) -> Result<(), airlock::EnqueueError> {
//!         notify_warehouse::enqueue(self.id)?;
//!         send_confirmation_email::enqueue(self.id)
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let order = Order { id: 42 };
//!
//! // An API call: the effects leave once the body has succeeded.
//! airlock::scope().run(|| order.process())??;
//!
//! // A migration: nobody hears of it.
//! airlock::scope().policy(DropAll).run(|| order.process())??;
//!
//! // A check that some code has no effects. This code has: the first one is refused.
//! let checked = airlock::scope().policy(AssertNoEffects).run(|| order.process())?;
//! assert!(checked.is_err());
//!
//! // An admin's call: one task is blocked. A typo in the list does not compile.
//! airlock::scope().policy(block_tasks![send_confirmation_email]).run(|| order.process())??;
//! # Ok(())
//! # }
//! ```
//!
//! # How it works
//!
//! [`#[task]`](macro@task) leaves the function as it is and puts a type beside it, with two functions:
//! `enqueue`, and `intent` for options such as a queue. To enqueue is to put an [`Intent`], the task with
//! its arguments, into the current scope's buffer; outside any scope it is an error. Every policy in force
//! may refuse it there.
//!
//! When the scope's body has ended, the scope *flushes* if the body succeeded, which its value says
//! ([`Outcome`]), and *discards* if it failed or panicked. A flush offers the intents to the scope around,
//! if there is one, and that takes them over. The outermost scope asks the policies once more, and hands
//! what they let pass to its [`Executor`], in order and as one batch. What became of each intent is in the
//! [`Report`], or in the [`FlushError`] with all that did not leave.
//!
//! `run` gives `Result<R, FlushError>` around the body's own value, hence the two question marks above.
//!
//! # Which construct do I choose?
//!
//! | to | write |
//! | --- | --- |
//! | make a function something that can be enqueued | [`#[task]`](macro@task) |
//! | run a closure in a scope | [`scope()`]`.run(\|\| …)` |
//! | run a future in a scope | [`scope()`]`.run_async(…).await` |
//! | make every call of a function a scope | [`#[scoped]`](macro@scoped) |
//! | decide after the body has run, or look first | [`Scope::seal`], then [`Sealed::flush`] or [`Sealed::discard`] |
//! | flush although the body failed | [`Scope::flush_if`] |
//! | let some effects of nested scopes leave at once | [`Scope::release`] |
//! | have one more judge for a part of a body | [`policy()`], [`#[policy]`](macro@policy) |
//! | drop everything | [`DropAll`] |
//! | drop, or refuse, some tasks | [`block_tasks!`], [`allow_only!`]; [`BlockTasks::named`] for names that come from a configuration |
//! | refuse everything | [`AssertNoEffects`]; in tests [`testing::assert_no_effects`] |
//! | let only so many out, or each only once | [`Limit`], [`Coalesce`] |
//! | write a rule of your own | a closure from `&Intent` to [`Verdict`], or [`Policy`] |
//! | run tasks here | [`Inline`], which is what a scope does by itself |
//! | run tasks apart | [`ThreadPool`], [`tokio::Tasks`] |
//! | hand effects to an engine | a closure from [`Intent`] to `Result`, or [`Executor`] |
//! | carry a scope to a thread or a spawned future | [`current()`], [`InScope`] |
//! | look into a scope | [`Handle::inspect`], [`Sealed::inspect`] |
//! | set defaults for the process, or in a test | [`configure()`] |
//! | find a task by name, run one from JSON | [`registry()`] |
//! | test what code enqueues | [`testing`] |
//!
//! # Features
//!
//! Both are on by default.
//!
//! - `tokio`: [`tokio::Tasks`], and flushes from sync code that know when they would block a runtime. It
//!   brings in Tokio's `rt` alone. Leave it out only where there is no Tokio: airlock can't see a runtime
//!   without it.
//! - `tracing`: an event for every verdict, targets `airlock::enqueue` and `airlock::flush`.
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

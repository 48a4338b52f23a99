//! The macros of [airlock](https://docs.rs/airlock), which documents and re-exports them.
//!
//! Each macro goes the same way: `parse` makes of tokens what the user wrote, `check` makes of that what it means and
//! reports every mistake, `expand` makes of that the code. All messages are in one table, `messages.rs`.
#![forbid(unsafe_code)]

mod errors;
mod expression;
mod function;
mod messages;
mod nearest;
mod options;
mod policies;
mod policy;
mod scoped;
mod spans;
mod task;
mod task_set;
mod travels;
mod types;
mod wrap;
mod written;

use proc_macro::TokenStream;

/// Makes a function a task: something that can be enqueued, and runs later if a scope lets it.
///
/// The function stays what it was. Beside it, under the same name, stands a type that is the task.
///
/// ```
/// # struct Smtp;
/// # impl Smtp { async fn send(&self, _: u64) -> Result<(), std::io::Error> { Ok(()) } }
/// #[airlock::task(name = "mail.confirmation", queue = "emails", max_attempts = 5)]
/// async fn send_confirmation_email(#[state] smtp: &Smtp, order_id: u64) -> Result<(), std::io::Error> {
///     smtp.send(order_id).await
/// }
///
/// fn place_order(order_id: u64) -> Result<(), airlock::EnqueueError> {
///     send_confirmation_email::enqueue(order_id)
/// }
/// ```
///
/// # Options
///
/// | option | is |
/// | --- | --- |
/// | `name = "…"` | the task's name in the registry and on the wire; by default the function's path |
/// | `queue = "…"` | the queue that it goes to unless the intent names one |
/// | `max_attempts = n` | how often a worker tries it |
/// | `best_effort` | its failure is reported and logged, and fails no flush |
/// | `removed = ["…"]` | arguments that messages of older binaries may still carry: they are left alone |
/// | `also = ["…"]` | names that the task had: messages of older binaries are found by them |
/// | `local` | the task runs in this process only, and its arguments need no serde |
/// | `crate = path` | where airlock is, if it isn't `::airlock` |
///
/// # Parameters
///
/// Arguments are owned and serialisable. `#[state] smtp: &Smtp` is no argument: the executor supplies it.
/// `#[secret] token: String` is never shown. `#[default] note: String` and `#[default(3)] copies: u8` are what a
/// message of an older binary lacks; an `Option` is `None` without it. `#[also("order")] order_id: u64` is read under the
/// name that it had, too.
///
/// # Mistakes
///
/// A glob import of a *module* that is named like the task hides the task.
#[proc_macro_attribute]
pub fn task(options: TokenStream, item: TokenStream) -> TokenStream {
    task::task(options.into(), item.into()).into()
}

/// Makes a struct a task: its fields are the arguments, and who runs it is elsewhere.
///
/// For job structs, which a program's own queue runs: each gets an intent of its name, so that policies and assertions see
/// it. `SyncToGitIndex { … }.intent()` is to be enqueued; there is no `enqueue`, a name that jobs often have already.
///
/// ```
/// use airlock::{assert_enqueued, block_tasks};
///
/// #[derive(airlock::Task)]
/// #[task(name = "sync_to_git_index", queue = "index")]
/// struct SyncToGitIndex {
///     krate: String,
/// }
///
/// fn publish(krate: &str) -> Result<(), airlock::EnqueueError> {
///     SyncToGitIndex { krate: krate.to_owned() }.intent().enqueue()
/// }
///
/// let (_, effects) = airlock::testing::capture(|| publish("serde"));
/// assert_enqueued!(effects, SyncToGitIndex { krate: "serde".to_owned() });
///
/// let rehearsal = airlock::scope().policy(block_tasks![SyncToGitIndex]);
/// assert!(rehearsal.run(|| publish("serde"))?.is_ok());
/// # Ok::<_, airlock::FlushError>(())
/// ```
///
/// # Options
///
/// In `#[task(…)]` on the struct stand `name`, `queue`, `max_attempts`, `best_effort`, `removed`, `also` and `crate`, as in
/// [`#[airlock::task]`](macro@task). A name may be a constant that the struct has already: `name = Self::JOB_NAME`.
///
/// # Fields
///
/// Each is an argument under its name, or under that of serde's `rename` and `rename_all`: what the queue reads is the
/// object that serde's own derive makes of the struct. `#[task(secret)]` is never shown, and `#[task(default)]`,
/// `#[task(default = 3)]` and `#[serde(default)]` are what a message of an older binary lacks. What else of serde's
/// attributes changes the object is refused.
#[proc_macro_derive(Task, attributes(task))]
pub fn derive_task(item: TokenStream) -> TokenStream {
    task::derive(item.into()).into()
}

/// Runs the body of a function in a scope: what it enqueues leaves when it succeeds, and is discarded when it fails.
///
/// ```
/// #[airlock::task]
/// fn send_confirmation_email(order_id: u64) {}
///
/// #[airlock::task]
/// fn notify_warehouse(order_id: u64) {}
///
/// #[airlock::scoped(policy = BlockTasks(send_confirmation_email))]
/// fn replay(order_id: u64) -> Result<(), Box<dyn std::error::Error>> {
///     send_confirmation_email::enqueue(order_id)?;
///     notify_warehouse::enqueue(order_id)?;
///     Ok(())
/// }
/// ```
///
/// It goes on functions and methods, sync and `async`, and on those that return `impl Future` or a boxed future. What
/// the body of one of those does before it makes its future happens in the scope too, when the future is awaited.
///
/// # Options
///
/// Each is the method of `Scope` of that name: `policy`, `executor`, `on_failure`, `flush_if`, `release`,
/// `release_all`, `limit`, `limit_bytes`, `chunks`, `on_report`, `named`. In `policy`, the built-in policies
/// need no import, and `BlockTasks(…)` and `AllowOnly(…)` take paths of tasks, bare or in quotes.
/// `on_flush_error = path` names a function that makes the value of a function whose flush failed; `crate =
/// path` says where airlock is, if it isn't `::airlock`.
#[proc_macro_attribute]
pub fn scoped(options: TokenStream, item: TokenStream) -> TokenStream {
    scoped::scoped(options.into(), item.into()).into()
}

/// Puts a policy in force while the body of a function runs, without a buffer of its own.
///
/// ```
/// #[airlock::task]
/// fn notify_warehouse(order_id: u64) {}
///
/// #[airlock::policy(DropAll)]
/// fn rehearse(order_id: u64) -> Result<(), airlock::EnqueueError> {
///     notify_warehouse::enqueue(order_id)
/// }
/// ```
///
/// The policy is written as in `#[airlock::scoped(policy = …)]`; `crate = path` may stand behind it.
#[proc_macro_attribute]
pub fn policy(policy: TokenStream, item: TokenStream) -> TokenStream {
    policy::policy(policy.into(), item.into()).into()
}

/// Makes a policy go along with messages: it stands on the `impl Policy` of a type that is serialisable.
///
/// What a task enqueues in another process is then judged there by the policy, with the same settings, through any number
/// of processes. A binary that does not know the policy gives the message back.
///
/// ```
/// use airlock::{Intent, Policy, Verdict};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct OfficeHours { open: bool }
///
/// #[airlock::travels(name = "office-hours")]
/// impl Policy for OfficeHours {
///     fn allows(&self, intent: &Intent) -> Verdict {
///         if self.open || intent.task().queue() != Some("emails") {
///             Verdict::Allow
///         } else {
///             Verdict::Drop
///         }
///     }
/// }
/// ```
///
/// # Options
///
/// `name = "…"` is the policy's name on the wire, by default its path; `crate = path` says where airlock is, if it isn't
/// `::airlock`.
#[proc_macro_attribute]
pub fn travels(options: TokenStream, item: TokenStream) -> TokenStream {
    travels::travels(options.into(), item.into()).into()
}

/// What `tasks!`, `block_tasks!` and `allow_only!` call: `task_set! { (path_to_airlock) a, b::c, "d::e" }`.
#[doc(hidden)]
#[proc_macro]
pub fn task_set(input: TokenStream) -> TokenStream {
    task_set::task_set(input.into()).into()
}

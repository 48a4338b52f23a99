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
//! | hand effects to an engine | [one of the engines](#engines); else a closure from [`Intent`] to `Result`, or [`Executor`] |
//! | let effects leave after a transaction's commit | `sqlx::transaction`, `sea_orm::transaction`, `diesel::transaction`, `diesel_async::transaction` (features of these names) |
//! | commit effects with the data, as its rows | `sqlx::Database::queue`, and of the others |
//! | commit in several databases | `transaction::commit_all` |
//! | send some effects here and some there | [`Route`] |
//! | have an executor try again, give up in time, fall back | `Retry`, `Timeout` (feature `tokio`), [`Fallback`] |
//! | run what an engine keeps | `worker()` (feature `worker`) |
//! | make every request of a web service a scope | [one of the frameworks](#web) |
//! | carry a scope to a thread or a spawned future | [`current()`], [`InScope`] |
//! | look into a scope | [`Handle::inspect`], [`Sealed::inspect`] |
//! | set defaults for the process, or in a test | [`configure()`] |
//! | find a task by name, run one from JSON | [`registry()`] |
//! | test what code enqueues | [`testing`] |
//!
//! # Engines
//!
//! An engine keeps what was flushed until a worker runs it: in another process, later, again if it fails. Its
//! handle is an [`Executor`], and also the queue of a worker, with its dead letters.
//!
//! | engine | is | feature |
//! | --- | --- | --- |
//! | `apalis::Sqlite` | a file, no server | `apalis-sqlite` |
//! | `apalis::Postgres` | tables beside yours | `apalis-postgres` |
//! | `apalis::Redis` | queues in Redis | `apalis-redis` |
//! | `apalis::Storage` | any storage of apalis, to send to | `apalis` |
//! | `graphile::Graphile` | Graphile Worker's tables in PostgreSQL | `graphile` |
//! | `celery::RabbitMq`, `celery::Redis` | Celery's messages, for Python's workers and from Python's code | `celery-rabbitmq`, `celery-redis` |
//! | `dramatiq::RabbitMq`, `dramatiq::Redis` | Dramatiq's messages, to send to | `dramatiq-rabbitmq`, `dramatiq-redis` |
//!
//! What an engine can't honour of an intent's [`Options`] it refuses by name. A flush to PostgreSQL or SQLite is
//! whole or nothing, and a task runs at least once; the book's page `docs/engines.md` says what holds for which.
//!
//! # Web
//!
//! Every request is a scope with one line around the routes. Below 400 it flushes, before the response leaves.
//!
//! | framework | with | feature |
//! | --- | --- | --- |
//! | axum | `tower::ScopeLayer`, and `axum::CurrentScope` as an extractor | `axum` |
//! | tonic, and anything on tower | `tower::ScopeLayer` | `tower` |
//! | actix-web | `actix::ScopeMiddleware` | `actix` |
//! | poem | `poem::ScopeMiddleware` | `poem` |
//! | salvo | `salvo::ScopeHoop` | `salvo` |
//! | Rocket | `rocket::ScopeRoutes` | `rocket` |
//! | any other | `web::handle` in a middleware of your own | `web` |
//!
//! The book's page `docs/web.md` says what streams, timeouts, panics and clients that go away do.
//!
//! # Features
//!
//! The first two are on by default.
//!
//! - `tokio`: [`tokio::Tasks`], `Retry` and `Timeout`, and flushes from sync code that know when they would
//!   block a runtime. It brings in Tokio's schedulers and timers, and nothing of its I/O. Leave it out only
//!   where there is no Tokio: airlock can't see a runtime without it.
//! - `tracing`: an event for every verdict, targets `airlock::enqueue`, `airlock::flush` and
//!   `airlock::worker`.
//! - `envelope`: what an intent is on the wire, for an executor of your own.
//! - `worker`: workers, which run what an engine keeps.
//! - `opentelemetry`: traces that go through the queue.
//! - one for each of the [engines](#engines), which turns on `worker`.
//! - `sqlx`, `diesel`, `diesel-async`, `sea-orm`: transactions of these libraries that are scopes. None brings
//!   a driver along. The engines in SQL databases turn on `sqlx`.
//! - `transaction`: what these share, for an integration of another library.
//! - one for each of the [web frameworks](#web), which turns on `web`.
//! - `web`: `web::handle`, for frameworks that have none here.
//! - `http`: `http::Response` is an [`Outcome`]. `tower` turns it on.
#![forbid(unsafe_code)]

#[doc(hidden)]
#[path = "private/mod.rs"]
pub mod __private;
mod core;
#[cfg(feature = "worker")]
mod engines;
#[cfg(feature = "envelope")]
pub mod envelope;
pub mod testing;
#[cfg(feature = "transaction")]
mod transactions;
#[cfg(feature = "_web")]
pub mod web;
#[cfg(feature = "worker")]
pub mod worker;

pub use airlock_macros::{policy, scoped, task};

#[cfg(feature = "tokio")]
pub use core::background::tokio;
#[cfg(feature = "apalis")]
pub use engines::apalis;
#[cfg(feature = "_celery")]
pub use engines::celery;
#[cfg(feature = "_dramatiq")]
pub use engines::dramatiq;
#[cfg(feature = "graphile")]
pub use engines::graphile;
#[cfg(feature = "diesel")]
pub use transactions::diesel;
#[cfg(feature = "diesel-async")]
pub use transactions::diesel_async;
#[cfg(feature = "sea-orm")]
pub use transactions::sea_orm;
#[cfg(feature = "transaction")]
pub use transactions::shared as transaction;
#[cfg(feature = "sqlx")]
pub use transactions::sqlx;
#[cfg(feature = "actix")]
pub use web::actix;
#[cfg(feature = "axum")]
pub use web::axum;
#[cfg(feature = "poem")]
pub use web::poem;
#[cfg(feature = "rocket")]
pub use web::rocket;
#[cfg(feature = "salvo")]
pub use web::salvo;
#[cfg(feature = "tower")]
pub use web::tower;

pub use core::background::thread_pool::{ThreadPool, ThreadPoolBuilder, ThreadPoolError};
#[cfg(feature = "tokio")]
pub use core::backoff::Backoff;
pub use core::executor::{
    Batch, DispatchError, Executor, Fallback, OnFailure, Route, RouteBuilder, RouteTo,
};
#[cfg(feature = "tokio")]
pub use core::executor::{Retry, Timeout};
pub use core::flush::{FailedIntent, FlushError};
pub use core::intent::{EncodeError, Intent};
pub use core::policy::{
    AllowAll, AllowOnly, AssertNoEffects, BlockTasks, Coalesce, DropAll, Judge, Limit, LogOnFlush,
    Occasion, Policy, PolicyName, PolicyViolation, Verdict,
};
pub use core::registry::task_set::{NamedTasksError, TaskSet};
pub use core::registry::{DuplicateTasks, Registry, registry};
pub use core::report::{Fate, Report, ReportEntry, Why};
pub use core::run::inline::{Inline, InlineBuilder};
pub use core::run::settings::StatesError;
pub use core::scope::configuration::{AlreadyConfigured, Configuration, configure};
pub use core::scope::{
    Carried, Handle, InScope, Inspected, Inspection, LocalPolicy, Outcome, Scope, Sealed, Success,
    current, policy, scope,
};
pub use core::stack::enqueue_error::{Bound, EnqueueError, Refusal};
pub use core::task::called::BoxError;
pub use core::task::decode_error::DecodeError;
pub use core::task::options::{Options, UnsupportedOption};
pub use core::task::states::{MissingStates, States};
pub use core::task::unknown_task::UnknownTask;
pub use core::task::{Parameter, Place, Task, TaskInfo};
#[cfg(feature = "worker")]
pub use worker::engine_error::EngineError;
#[cfg(feature = "worker")]
pub use worker::worker;

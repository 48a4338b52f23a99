//! Express side effects anywhere. Control whether and when they escape.
//!
//! Code that places an order knows that a mail must be sent. It does not know whether the transaction around it will
//! commit, or whether it runs in a migration or a test, which must send no mail. With airlock the code says *what*
//! should happen; the scope around it decides *when* the effects leave, policies decide *whether*, and an executor
//! decides *how*.
//!
//! ```
//! use airlock::{DropAll, EnqueueError, block_tasks};
//!
//! #[airlock::task]
//! fn notify_warehouse(order_id: u64) { /* the warehouse packs the order */ }
//!
//! #[airlock::task]
//! fn send_mail(order_id: u64) { /* the customer reads that it is on its way */ }
//!
//! fn place_order(id: u64) -> Result<(), EnqueueError> {
//!     notify_warehouse::enqueue(id)?;
//!     send_mail::enqueue(id)
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // An API call: the effects leave once the body has succeeded.
//! airlock::scope().run(|| place_order(1))??;
//! // A migration: every effect is dropped.
//! airlock::scope().policy(DropAll).run(|| place_order(2))??;
//! // An admin's call: one task is blocked. A typo in the list does not compile.
//! airlock::scope().policy(block_tasks![send_mail]).run(|| place_order(3))??;
//! # Ok(())
//! # }
//! ```
//!
//! # What to choose
//!
//! | to | choose |
//! | --- | --- |
//! | enqueue a function's calls | [`#[task]`](macro@task) on it; outside a scope, an enqueue is an error |
//! | run code in a scope | [`scope()`], which says when it flushes; [`#[scoped]`](macro@scoped) |
//! | look first, and decide after the body | [`Scope::seal`] |
//! | carry a scope to a thread or a future | [`current()`], [`InScope`] |
//! | drop or refuse effects | [`DropAll`], [`block_tasks!`], [`allow_only!`], [`Limit`], [`Coalesce`], [`AssertNoEffects`]; a closure or [`Policy`] |
//! | judge a part of a body once more | [`policy()`], [`#[policy]`](macro@policy) |
//! | run tasks in this process | [`Inline`] (the default), [`ThreadPool`], [`tokio::Tasks`](tokio/struct.Tasks.html) |
//! | run tasks in other processes, or later | an engine: [`apalis`], [`graphile`], [`celery`], [`dramatiq`]; then a [`worker`] |
//! | route, retry, time out, fall back | [`Route`], [`Retry`], [`Timeout`], [`Fallback`]; a closure or [`Executor`] |
//! | send after a commit, or commit with the data | [`sqlx`], [`sea_orm`], [`diesel`], [`diesel_async`]; several at once: [`transaction`] |
//! | make each web request a scope | [`axum`], [`tower`] (also for tonic), [`actix`], [`poem`], [`salvo`], [`rocket`]; any other, [`web`] |
//! | set defaults of the process | [`configure()`] |
//! | find a task by name, run one from JSON | [`registry()`] |
//! | test what code enqueues | [`testing`] |
//! | see what a change of a task breaks | [`Registry::manifest`], [`testing::assert_manifest!`] |
//!
//! Engines, database libraries and web frameworks have a feature each, which `docs/installing.md` lists. Only `tokio`
//! and `tracing` are on by default.
//!
//! [`actix`]: actix/index.html
//! [`apalis`]: apalis/index.html
//! [`axum`]: axum/index.html
//! [`celery`]: celery/index.html
//! [`diesel`]: diesel/index.html
//! [`diesel_async`]: diesel_async/index.html
//! [`dramatiq`]: dramatiq/index.html
//! [`graphile`]: graphile/index.html
//! [`poem`]: poem/index.html
//! [`Retry`]: struct.Retry.html
//! [`rocket`]: rocket/index.html
//! [`salvo`]: salvo/index.html
//! [`sea_orm`]: sea_orm/index.html
//! [`sqlx`]: sqlx/index.html
//! [`Timeout`]: struct.Timeout.html
//! [`tower`]: tower/index.html
//! [`transaction`]: transaction/index.html
//! [`web`]: web/index.html
//! [`worker`]: worker/index.html
// Addresses of pages, for rustdoc finds no item whose feature is off.
#![cfg_attr(docsrs, feature(doc_cfg))]
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
#[cfg_attr(docsrs, doc(cfg(any(feature = "http", feature = "web"))))]
pub mod web;
#[cfg(feature = "worker")]
pub mod worker;

pub use airlock_macros::{Task, policy, scoped, task, travels};

#[cfg(feature = "tokio")]
pub use core::background::tokio;
#[cfg(feature = "apalis")]
pub use engines::apalis;
#[cfg(feature = "_celery")]
#[cfg_attr(docsrs, doc(cfg(any(feature = "celery-rabbitmq", feature = "celery-redis"))))]
pub use engines::celery;
#[cfg(feature = "_dramatiq")]
#[cfg_attr(docsrs, doc(cfg(any(feature = "dramatiq-rabbitmq", feature = "dramatiq-redis"))))]
pub use engines::dramatiq;
#[cfg(feature = "graphile")]
pub use engines::graphile;
#[cfg(feature = "diesel")]
pub use transactions::diesel;
#[cfg(feature = "diesel-async")]
pub use transactions::diesel_async;
#[cfg(feature = "sea-orm")]
pub use transactions::sea_orm;
#[cfg(feature = "sea-orm-1")]
pub use transactions::sea_orm_1::sea_orm as sea_orm_1;
#[cfg(feature = "transaction")]
pub use transactions::shared as transaction;
#[cfg(feature = "sqlx")]
pub use transactions::sqlx;
#[cfg(feature = "sqlx-08")]
pub use transactions::sqlx_08::sqlx as sqlx_08;
#[cfg(feature = "actix")]
#[doc(inline)]
pub use web::actix;
#[cfg(feature = "axum")]
#[doc(inline)]
pub use web::axum;
#[cfg(feature = "poem")]
#[doc(inline)]
pub use web::poem;
#[cfg(feature = "rocket")]
#[doc(inline)]
pub use web::rocket;
#[cfg(feature = "salvo")]
#[doc(inline)]
pub use web::salvo;
#[cfg(feature = "tower")]
#[doc(inline)]
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
    AllowAll, AllowOnly, AssertNoEffects, BlockTasks, Coalesce, DropAll, FlushId, Limit,
    LogOnFlush, Memory, Occasion, Policy, PolicyName, PolicyViolation, StaysHere, Travel,
    TravellingPolicy, Verdict,
};
pub use core::registry::manifest::Manifest;
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

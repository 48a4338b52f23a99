//! tower: a layer that makes every request a scope, for axum, tonic and any other tower service over HTTP.
//!
//! ```
//! use airlock::tower::ScopeLayer;
//! use axum::Router;
//! use axum::http::StatusCode;
//! use axum::routing::post;
//!
//! #[airlock::task]
//! fn send_mail(order_id: u64) {}
//!
//! async fn place_order() -> Result<StatusCode, StatusCode> {
//!     send_mail::enqueue(42).map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
//!     Ok(StatusCode::CREATED)                             // the mail leaves, then the answer
//! }
//!
//! let app: Router = Router::new().route("/orders", post(place_order)).layer(ScopeLayer::new());
//! ```
//!
//! # When it flushes
//!
//! A response below 400 flushes, unless it carries a `grpc-status` other than 0. Any other response, an error of the
//! service and a panic discard. So does a request whose future is dropped, as hyper does when the client has
//! disconnected.
//!
//! The response waits for the flush, so that a failed flush can still become a 500. A flush that has begun is finished
//! even if the client disconnects.

mod answer;
mod body;
mod service;

use std::fmt;
use std::sync::Arc;

use ::http::request;
use tower_layer::Layer;

pub use answer::{Answer, Custom, Plain};
pub use body::ScopeBody;
pub use service::{ScopeFuture, ScopeService};

use crate::core::executor::Executor;
use crate::core::flush::FlushError;
use crate::core::registry::task_set::TaskSet;
use crate::core::run::settings::StatesError;
use crate::core::scope::Scope;
use crate::web::Head;
use crate::web::settings::RequestSettings;

/// The answer to a failed flush is not among them: its type depends on the service's body.
type LayerSettings = RequestSettings<dyn Fn(&request::Parts) -> Scope + Send + Sync, ()>;

/// Makes every request a scope.
///
/// # Examples
///
/// ```
/// use airlock::tower::ScopeLayer;
/// use airlock::{DropAll, Scope};
/// use http::request::Parts;
///
/// fn scope_of(request: &Parts) -> Scope {
///     let scope = airlock::scope().named("request");
///     if request.uri.path().starts_with("/preview") { scope.policy(DropAll) } else { scope }
/// }
///
/// let app: axum::Router = axum::Router::new().layer(ScopeLayer::new().scope(scope_of));
/// ```
#[derive(Clone)]
#[must_use = "a layer does nothing until a service is put under it: `.layer(ScopeLayer::new())`"]
pub struct ScopeLayer<A = Plain> {
    settings: LayerSettings,
    answer: A,
}

impl ScopeLayer {
    /// A layer that answers a failed flush with a 500 and a text that gives nothing away.
    ///
    /// The error is logged, with the effects that did not leave. A gRPC response becomes the status `INTERNAL`.
    pub fn new() -> Self {
        Self { settings: RequestSettings::new(), answer: Plain }
    }
}

impl Default for ScopeLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<A> ScopeLayer<A> {
    /// Makes the scope of each request: its policies, its executor, its name.
    ///
    /// The closure is called before the request is handled, outside the scope.
    ///
    /// # Examples
    ///
    /// ```
    /// use airlock::DropAll;
    /// use airlock::tower::ScopeLayer;
    ///
    /// let layer = ScopeLayer::new().scope(|request| {
    ///     let dry_run = request.headers.contains_key("x-dry-run");
    ///     if dry_run { airlock::scope().policy(DropAll) } else { airlock::scope() }
    /// });
    /// ```
    pub fn scope(
        mut self,
        scope: impl Fn(&request::Parts) -> Scope + Send + Sync + 'static,
    ) -> Self {
        self.settings.scope = Some(Arc::new(scope));
        self
    }

    /// Carries out what requests enqueue, where [`scope`](Self::scope) names no executor.
    ///
    /// Without one it is the configured executor, and without that requests run their tasks themselves, before the
    /// response and without states.
    ///
    /// # Examples
    ///
    /// ```standalone_crate
    /// use airlock::Inline;
    /// use airlock::tower::ScopeLayer;
    ///
    /// struct Smtp;
    ///
    /// #[airlock::task]
    /// fn send_mail(#[state] smtp: &Smtp, order_id: u64) {}
    ///
    /// # fn main() -> Result<(), airlock::StatesError> {
    /// let layer = ScopeLayer::new().executor(Inline::builder().state(Smtp).build()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn executor(mut self, executor: impl Executor) -> Self {
        self.settings.destination.executor(executor);
        self
    }

    /// Says which tasks requests run themselves where no executor is named, for [`check`](Self::check) and for the log:
    /// all that are linked in, unless named.
    pub fn serving(mut self, tasks: TaskSet) -> Self {
        self.settings.destination.serving(tasks);
        self
    }

    /// Checks before the first request that effects can leave: that tasks which requests run themselves take no states.
    ///
    /// # Errors
    ///
    /// [`StatesError`] where neither this nor [`configure`](crate::configure) names an executor, and a task takes a
    /// state. An executor that only the [`scope`](Self::scope) of a request names is not seen.
    ///
    /// # Examples
    ///
    /// ```standalone_crate
    /// use airlock::tasks;
    /// use airlock::tower::ScopeLayer;
    ///
    /// struct Smtp;
    ///
    /// #[airlock::task]
    /// fn send_mail(#[state] smtp: &Smtp, order_id: u64) {}
    ///
    /// #[airlock::task]
    /// fn count_visit(page: u64) {}
    ///
    /// let error = ScopeLayer::new().check().unwrap_err();
    /// assert!(error.to_string().contains("send_mail"));
    /// assert!(ScopeLayer::new().serving(tasks![count_visit]).check().is_ok());
    /// ```
    pub fn check(self) -> Result<Self, StatesError> {
        self.settings.destination.check()?;
        Ok(self)
    }

    /// Decides from the response whether to flush; by default, a status below 400 flushes.
    ///
    /// # Examples
    ///
    /// ```
    /// use airlock::tower::ScopeLayer;
    ///
    /// // A conflict is an answer like any other.
    /// let layer = ScopeLayer::new()
    ///     .flush_when(|response| response.status() < 400 || response.status() == 409);
    /// ```
    pub fn flush_when(
        mut self,
        flush_when: impl Fn(&Head<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.settings.flush_when = Some(Arc::new(flush_when));
        self
    }

    /// Flushes when the response has ended, in a task of its own.
    ///
    /// A streamed body has ended with its last piece, or when its client disconnects: the effects leave in both cases.
    /// A flush that fails is logged, with the effects that did not leave, for the response is already out. Outside a
    /// Tokio runtime no task can be spawned, so the response waits for the flush.
    ///
    /// # Examples
    ///
    /// ```
    /// let layer = airlock::tower::ScopeLayer::new().after_response();
    /// ```
    pub fn after_response(mut self) -> Self {
        self.settings.after_response = true;
        self
    }

    /// Answers a failed flush. `answer` owns the error, with the effects that did not leave, and sees the head of the
    /// response; `None` keeps that response. The log has the verdict on each effect, and not the error.
    ///
    /// # Examples
    ///
    /// ```
    /// use airlock::FlushError;
    /// use airlock::tower::ScopeLayer;
    /// use airlock::web::Head;
    /// use axum::http::StatusCode;
    /// use axum::response::IntoResponse;
    ///
    /// let layer = ScopeLayer::new().on_flush_error(|error: FlushError, response: &Head<'_>| {
    ///     if response.status() == 201 {
    ///         return None;                                    // the order is placed, and its answer is kept
    ///     }
    ///     let ours = format!("{} effects are kept for later", error.into_intents().len());
    ///     Some((StatusCode::SERVICE_UNAVAILABLE, ours).into_response())
    /// });
    /// ```
    pub fn on_flush_error<F, B>(self, answer: F) -> ScopeLayer<Custom<F>>
    where
        F: Fn(FlushError, &Head<'_>) -> Option<::http::Response<B>>,
    {
        ScopeLayer { settings: self.settings, answer: Custom(answer) }
    }
}

impl<S, A: Clone> Layer<S> for ScopeLayer<A> {
    type Service = ScopeService<S, A>;

    fn layer(&self, inner: S) -> Self::Service {
        self.settings.say_where_effects_go();
        ScopeService::new(inner, self.settings.clone(), self.answer.clone())
    }
}

impl<A> fmt::Debug for ScopeLayer<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopeLayer").field("settings", &self.settings).finish_non_exhaustive()
    }
}

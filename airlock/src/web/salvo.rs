//! salvo: a hoop that makes every request a scope.
//!
//! ```
//! use airlock::salvo::ScopeHoop;
//! use salvo_core::http::StatusCode;
//! use salvo_core::{Response, Router, handler};
//!
//! #[airlock::task]
//! fn send_mail(order_id: u64) {}
//!
//! #[handler]
//! async fn place_order(response: &mut Response) {
//!     response.status_code(match send_mail::enqueue(42) {
//!         Ok(()) => StatusCode::CREATED,                  // the mail leaves, then the answer
//!         Err(_) => StatusCode::SERVICE_UNAVAILABLE,
//!     });
//! }
//!
//! let router = Router::with_path("orders").hoop(ScopeHoop::new()).post(place_order);
//! ```
//!
//! A status below 400 flushes; any other one and a panic discard. So does a request whose client has disconnected,
//! because salvo drops its handler. The tower layer does not work with salvo, which polls the handler outside of it.

use std::fmt::Debug;
use std::future::ready;

use http_body_util::BodyExt;
use salvo_core::extract::{Extractible, Metadata};
use salvo_core::http::{ResBody, StatusCode, header};
use salvo_core::{Depot, FlowCtrl, Handler, Request, Response, Scribe, Writer, async_trait};

use crate::core::scope::Scope;
use crate::web::adapter::OnFlushError;
use crate::web::after_response::AfterResponse;
use crate::web::current_scope::current_scope;
use crate::web::replaced::kept;
use crate::web::settings::{FAILED, RequestSettings, settings};
use crate::web::{Followed, Head, handle};

type HoopSettings =
    RequestSettings<dyn Fn(&Request) -> Scope + Send + Sync, OnFlushError<Response>>;

/// Makes every request a scope.
///
/// # Examples
///
/// ```
/// use airlock::DropAll;
/// use airlock::salvo::ScopeHoop;
/// use salvo_core::http::StatusCode;
/// use salvo_core::{Response, Router};
///
/// let scopes = ScopeHoop::new()
///     .scope(|request| {
///         let dry_run = request.headers().contains_key("x-dry-run");
///         if dry_run { airlock::scope().policy(DropAll) } else { airlock::scope() }
///     })
///     .flush_when(|response| response.status() < 400 || response.status() == 409)
///     .on_flush_error(|error, _| {
///         eprintln!("{error}");
///         let mut response = Response::new();
///         response.status_code(StatusCode::SERVICE_UNAVAILABLE);
///         Some(response)
///     });
/// let router = Router::new().hoop(scopes);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a hoop does nothing until a router has it: `.hoop(ScopeHoop::new())`"]
pub struct ScopeHoop {
    settings: HoopSettings,
}

impl ScopeHoop {
    /// A hoop that answers a failed flush with a 500 and a text that gives nothing away, and logs the error,
    /// with the effects that did not leave.
    pub fn new() -> Self {
        Self { settings: RequestSettings::new() }
    }

    settings!(Request, Response);
}

impl Default for ScopeHoop {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Handler for ScopeHoop {
    async fn handle(
        &self,
        request: &mut Request,
        depot: &mut Depot,
        response: &mut Response,
        rest: &mut FlowCtrl,
    ) {
        // A hoop is not told when it is put around something.
        self.settings.say_where_effects_go();
        let scope = self.settings.scope_by(|make| make(request));
        let inside = scope.around(|| rest.call_next(request, depot, response));
        let (_, sealed) = handle::run(inside).await;
        let succeeded = with_head(response, |head| self.settings.succeeded(head));
        match self.settings.end(sealed, succeeded).await {
            Err(error) => {
                let answer = with_head(response, |head| self.settings.answer(error, head, failed));
                if let Some(answer) = answer {
                    replace(response, answer, self.settings.on_flush_error.is_some());
                }
            }
            Ok(None) => {}
            Ok(then) => follow(response, then),
        }
    }
}

fn with_head<R>(response: &Response, look: impl FnOnce(&Head<'_>) -> R) -> R {
    // salvo answers with a 200 if a route's handlers set no status.
    let status = response.status_code.unwrap_or(StatusCode::OK);
    look(&Head::new(status.as_u16(), &|name| {
        response.headers().get(name).and_then(|value| value.to_str().ok())
    }))
}

/// A response without a body stays so, because salvo's catchers look for that: its flush begins here.
fn follow(response: &mut Response, then: Option<AfterResponse>) {
    let body = response.take_body();
    response.body(if body.is_none() || body.is_error() {
        body
    } else {
        ResBody::Boxed(Box::pin(Followed { body, then }.map_err(Into::into)))
    });
}

/// salvo keeps cookies beside the headers, behind a feature that may be off here and on elsewhere: there is one jar to
/// take, the answer's if it is the user's.
fn replace(response: &mut Response, mut answer: Response, users: bool) {
    let kept = kept(response.headers(), |name| answer.headers().contains_key(*name));
    for (name, value) in kept {
        answer.headers_mut().append(name, value.clone());
    }
    if users {
        *response = answer;
    } else {
        response.status_code = answer.status_code;
        response.body(answer.take_body());
        *response.headers_mut() = answer.headers;
    }
}

fn failed() -> Response {
    let mut response = Response::new();
    response.status_code(StatusCode::INTERNAL_SERVER_ERROR);
    let text = header::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, text);
    response.body(ResBody::Once(FAILED.into()));
    response
}

current_scope! {
    /// ```
    /// use airlock::salvo::{CurrentScope, ScopeHoop};
    /// use salvo_core::{Router, Writer, handler};
    ///
    /// #[handler]
    /// async fn effects(scope: CurrentScope) -> String {
    ///     scope.0.to_string()                             // the table of what is enqueued so far
    /// }
    ///
    /// let router = Router::with_path("effects").hoop(ScopeHoop::new()).get(effects);
    /// ```
    else NoScopeHoop, add "`.hoop(airlock::salvo::ScopeHoop::new())` to its router":
    /// ```
    /// use salvo_core::{Response, Scribe};
    ///
    /// let mut response = Response::new();
    /// airlock::salvo::NoScopeHoop.render(&mut response);
    /// assert_eq!(response.status_code.map(|status| status.as_u16()), Some(500));
    /// ```
}

impl<'ex> Extractible<'ex> for CurrentScope {
    fn metadata() -> &'static Metadata {
        static METADATA: Metadata = Metadata::new("CurrentScope");
        &METADATA
    }

    fn extract(
        _: &'ex mut Request,
        _: &'ex mut Depot,
    ) -> impl Future<Output = Result<Self, impl Writer + Send + Debug + 'static>> + Send {
        ready(Self::find())
    }
}

/// A 500 with this error's text.
impl Scribe for NoScopeHoop {
    fn render(self, response: &mut Response) {
        response.status_code(StatusCode::INTERNAL_SERVER_ERROR);
        response.render(self.to_string());
    }
}

//! rocket: routes whose every request is a scope.
//!
//! ```
//! use airlock::rocket::ScopeRoutes;
//! use rocket::http::Status;
//! use rocket::{post, routes};
//!
//! #[airlock::task]
//! fn send_mail(order_id: u64) {}
//!
//! #[post("/orders")]
//! async fn place_order() -> Result<Status, Status> {
//!     send_mail::enqueue(42).map_err(|_| Status::ServiceUnavailable)?;
//!     Ok(Status::Created)                                 // the mail leaves, then the answer
//! }
//!
//! let app = rocket::build().mount("/", ScopeRoutes::new().around(routes![place_order]));
//! ```
//!
//! The routes are wrapped because a fairing can't be around a handler. A response below 400 flushes; any other one, an
//! error, a forward to the next route and a panic discard. A request whose client has disconnected flushes, because
//! Rocket runs its handler to the end.

use std::fmt;
use std::sync::Arc;

use rocket::http::{Header, Status};
use rocket::request::{self, FromRequest};
use rocket::route::{Handler, Outcome, Route};
use rocket::{Catcher, Data, Request, Response, async_trait};

use crate::core::scope::Scope;
use crate::web::adapter::OnFlushError;
use crate::web::current_scope::current_scope;
use crate::web::replaced::kept;
use crate::web::settings::{RequestSettings, settings};
use crate::web::{Head, handle};

type RouteSettings =
    RequestSettings<dyn Fn(&Request<'_>) -> Scope + Send + Sync, OnFlushError<Status>>;

/// Makes every request to some routes a scope.
///
/// # Examples
///
/// ```
/// use airlock::DropAll;
/// use airlock::rocket::ScopeRoutes;
/// use rocket::http::Status;
/// use rocket::{get, routes};
///
/// #[get("/orders")]
/// fn orders() {}
///
/// let scopes = ScopeRoutes::new()
///     .scope(|request| {
///         let dry_run = request.headers().contains("x-dry-run");
///         if dry_run { airlock::scope().policy(DropAll) } else { airlock::scope() }
///     })
///     .flush_when(|response| response.status() < 400 || response.status() == 409)
///     .on_flush_error(|error, _| {
///         eprintln!("{error}");
///         Some(Status::ServiceUnavailable)
///     });
/// let app = rocket::build().mount("/", scopes.around(routes![orders]));
/// ```
#[derive(Clone, Debug)]
#[must_use = "it does nothing until it is around routes: `.around(routes![…])`"]
pub struct ScopeRoutes {
    settings: RouteSettings,
}

impl ScopeRoutes {
    /// Scopes whose failed flush is a 500, which Rocket's catchers answer. The error is logged, with the effects that
    /// did not leave.
    pub fn new() -> Self {
        Self { settings: RequestSettings::new() }
    }

    settings!(Request<'_>, Status);

    /// The same routes, each request in a scope of its own.
    pub fn around(&self, routes: impl Into<Vec<Route>>) -> Vec<Route> {
        self.settings.say_where_effects_go();
        let settings = Arc::new(self.settings.clone());
        let mut routes = routes.into();
        for route in &mut routes {
            let inner = route.handler.clone();
            route.handler = Box::new(Scoped { inner, settings: settings.clone() });
        }
        routes
    }
}

impl Default for ScopeRoutes {
    fn default() -> Self {
        Self::new()
    }
}

#[derive(Clone)]
struct Scoped {
    inner: Box<dyn Handler>,
    settings: Arc<RouteSettings>,
}

#[async_trait]
impl Handler for Scoped {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        let scope = self.settings.scope_by(|make| make(request));
        let inside = scope.around(|| self.inner.handle(request, data));
        let (handled, sealed) = handle::run(inside).await;
        if handled.is_forward() {
            // Another route handles the request from the beginning.
            sealed.discard();
            return handled;
        }
        let succeeded = with_head(&handled, |head| self.settings.succeeded(head));
        match self.settings.end(sealed, succeeded).await {
            Err(error) => {
                let failed = || Status::InternalServerError;
                let answer = |head: &Head<'_>| self.settings.answer(error, head, failed);
                let Some(status) = with_head(&handled, answer) else { return handled };
                let Outcome::Success(given) = handled else { return Outcome::Error(status) };
                return caught(status, request, given).await;
            }
            Ok(None) => {}
            // Rocket drops the request, and its cache with it, when it has sent the response.
            Ok(Some(then)) => {
                request.local_cache(|| then);
            }
        }
        handled
    }
}

fn with_head<R>(handled: &Outcome<'_>, look: impl FnOnce(&Head<'_>) -> R) -> R {
    match handled {
        Outcome::Success(response) => {
            let header = |name: &str| response.headers().get_one(name);
            look(&Head::new(response.status().code, &header))
        }
        Outcome::Error(status) | Outcome::Forward((_, status)) => {
            look(&Head::new(status.code, &|_| None))
        }
    }
}

/// What a catcher answers, with headers that Rocket would drop if it called the catcher itself.
async fn caught<'r>(status: Status, request: &'r Request<'_>, given: Response<'r>) -> Outcome<'r> {
    let Ok(mut answer) = catcher(status, request).handler.handle(status, request).await else {
        return Outcome::Error(Status::InternalServerError);
    };
    let given = given.headers().iter().map(|header| {
        let Header { name, value } = header;
        (name.into_string(), value.into_owned())
    });
    let kept = kept(given, |name| answer.headers().contains(name));
    for (name, value) in kept {
        answer.adjoin_raw_header(name, value);
    }
    Outcome::Success(answer)
}

/// The one that Rocket would choose: of the longest base, and there rather one of the status than a default one.
fn catcher(status: Status, request: &Request<'_>) -> Catcher {
    let of_the_status = |catcher: &&Catcher| catcher.code.is_none_or(|code| code == status.code);
    let around = |catcher: &&Catcher| {
        catcher.base.path().segments().prefix_of(request.uri().path().segments())
    };
    let catchers = request.rocket().catchers().filter(of_the_status).filter(around);
    let rank = |catcher: &&Catcher| (catcher.base.path().segments().len(), catcher.code.is_some());
    catchers.max_by_key(rank).cloned().unwrap_or_default()
}

impl fmt::Debug for Scoped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scoped").field("settings", &self.settings).finish_non_exhaustive()
    }
}

current_scope! {
    /// ```
    /// use airlock::rocket::{CurrentScope, ScopeRoutes};
    /// use rocket::{get, routes};
    ///
    /// #[get("/effects")]
    /// fn effects(scope: CurrentScope) -> String {
    ///     scope.0.to_string()                             // the table of what is enqueued so far
    /// }
    ///
    /// let app = rocket::build().mount("/", ScopeRoutes::new().around(routes![effects]));
    /// ```
    else NoScopeRoutes, add "`airlock::rocket::ScopeRoutes::new().around(…)` around its routes":
    /// ```
    /// let error = airlock::rocket::NoScopeRoutes;
    /// assert!(error.to_string().contains("`airlock::rocket::ScopeRoutes::new().around(…)`"));
    /// ```
}

/// A guard. Without a scope it is a 500, which Rocket logs and a catcher answers.
#[async_trait]
impl<'r> FromRequest<'r> for CurrentScope {
    type Error = NoScopeRoutes;

    async fn from_request(_: &'r Request<'_>) -> request::Outcome<Self, NoScopeRoutes> {
        match Self::find() {
            Ok(scope) => request::Outcome::Success(scope),
            Err(error) => request::Outcome::Error((Status::InternalServerError, error)),
        }
    }
}

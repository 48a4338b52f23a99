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
//! A fairing can't be around a handler, so it is the routes that are wrapped. A response below 400 flushes; any
//! other, an error, a forward to the next route and a panic discard. Rocket lets a handler run on when its client
//! has gone, and so it flushes.

use std::fmt;
use std::sync::Arc;

use rocket::http::Status;
use rocket::route::{Handler, Outcome, Route};
use rocket::{Data, Request, async_trait};

use crate::Scope;
use crate::web;
use crate::web::settings::{OnFlushError, Settings, settings};

type RouteSettings = Settings<
    dyn Fn(&Request<'_>) -> Scope + Send + Sync,
    dyn Fn(Status) -> bool + Send + Sync,
    OnFlushError<Status>,
>;

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
///     .flush_when(|status| status.code < 300 || status == Status::Conflict)
///     .on_flush_error(|error| {
///         eprintln!("{error}");
///         Status::ServiceUnavailable
///     });
/// let app = rocket::build().mount("/", scopes.around(routes![orders]));
/// ```
#[derive(Clone, Debug)]
#[must_use = "it does nothing until it is around routes: `.around(routes![…])`"]
pub struct ScopeRoutes {
    settings: RouteSettings,
}

impl ScopeRoutes {
    /// Scopes whose failed flush is a 500, which Rocket's catchers answer. The error is logged, with what did
    /// not leave.
    pub fn new() -> Self {
        Self { settings: Settings::new() }
    }

    settings!(Request<'_>, Status, Status);

    /// The same routes, each request in a scope of its own.
    pub fn around(&self, routes: impl Into<Vec<Route>>) -> Vec<Route> {
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
        let scope = self.settings.scope.as_ref().map_or_else(crate::scope, |scope| scope(request));
        let inside = scope.around(|| self.inner.handle(request, data));
        let (handled, sealed) = web::run(inside).await;
        let status = match &handled {
            Outcome::Success(response) => response.status(),
            Outcome::Error(status) | Outcome::Forward((_, status)) => *status,
        };
        if handled.is_forward() {
            // The request begins anew in another route.
            sealed.discard();
            return handled;
        }
        let succeeded = status.code < 400;
        let failed = || Status::InternalServerError;
        match self.settings.end(sealed, status, succeeded, failed).await {
            Err(answer) => return Outcome::Error(answer),
            Ok(None) => {}
            // Rocket drops a request, and with it this, when it has sent the response.
            Ok(Some(then)) => {
                request.local_cache(|| then);
            }
        }
        handled
    }
}

impl fmt::Debug for Scoped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scoped").field("settings", &self.settings).finish_non_exhaustive()
    }
}

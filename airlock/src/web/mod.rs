//! What the web frameworks share, and what a framework without an adapter here needs: a request in a scope, whose
//! flush goes on after its client has disconnected.
//!
//! Every request is a scope with one line around the routes. A response below 400 flushes, before it leaves.
//!
//! | framework | around the routes | feature |
//! | --- | --- | --- |
//! | axum | `airlock::tower::ScopeLayer`, and `airlock::axum::CurrentScope` as an extractor | `axum` |
//! | tonic, and any other on tower | `airlock::tower::ScopeLayer` | `tower` |
//! | actix-web | `airlock::actix::ScopeMiddleware` | `actix` |
//! | poem | `airlock::poem::ScopeMiddleware` | `poem` |
//! | salvo | `airlock::salvo::ScopeHoop` | `salvo` |
//! | Rocket | `airlock::rocket::ScopeRoutes` | `rocket` |
//! | any other | `handle` in a middleware of your own | `web` |
//!
//! The page `docs/web.md` of the book says what streams, timeouts, panics and disconnected clients do.

#[cfg(feature = "actix")]
#[doc(hidden)]
pub mod actix;
#[cfg(feature = "_adapter")]
pub(crate) mod adapter;
#[cfg(feature = "web")]
pub(crate) mod after_response;
#[cfg(feature = "axum")]
#[doc(hidden)]
pub mod axum;
#[cfg(feature = "_extractor")]
pub(crate) mod current_scope;
#[cfg(feature = "_framework")]
pub(crate) mod destination;
#[cfg(feature = "_body")]
mod followed;
#[cfg(feature = "web")]
pub(crate) mod handle;
#[cfg(feature = "_framework")]
pub(crate) mod head;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "poem")]
#[doc(hidden)]
pub mod poem;
#[cfg(feature = "_framework")]
pub(crate) mod replaced;
#[cfg(feature = "rocket")]
#[doc(hidden)]
pub mod rocket;
#[cfg(feature = "salvo")]
#[doc(hidden)]
pub mod salvo;
#[cfg(feature = "_framework")]
pub(crate) mod settings;
#[cfg(feature = "tower")]
#[doc(hidden)]
pub mod tower;

#[cfg(feature = "_body")]
#[cfg_attr(
    docsrs,
    doc(cfg(any(feature = "actix", feature = "poem", feature = "salvo", feature = "tower")))
)]
pub use followed::Followed;
#[cfg(feature = "web")]
pub use handle::handle;
#[cfg(feature = "_framework")]
#[cfg_attr(
    docsrs,
    doc(cfg(any(
        feature = "actix",
        feature = "poem",
        feature = "rocket",
        feature = "salvo",
        feature = "tower"
    )))
)]
pub use head::Head;

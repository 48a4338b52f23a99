//! What the web frameworks share, and what a framework without an adapter here needs: a request in a scope, whose
//! flush goes on after its client has disconnected.

#[cfg(feature = "actix")]
#[doc(hidden)]
pub mod actix;
#[cfg(any(feature = "actix", feature = "poem", feature = "rocket", feature = "salvo"))]
pub(crate) mod adapter;
#[cfg(feature = "web")]
pub(crate) mod after_response;
#[cfg(feature = "axum")]
#[doc(hidden)]
pub mod axum;
#[cfg(any(
    feature = "actix",
    feature = "axum",
    feature = "poem",
    feature = "rocket",
    feature = "salvo",
))]
pub(crate) mod current_scope;
#[cfg(any(feature = "actix", feature = "poem", feature = "salvo", feature = "tower"))]
mod followed;
#[cfg(feature = "web")]
pub(crate) mod handle;
#[cfg(any(
    feature = "actix",
    feature = "poem",
    feature = "rocket",
    feature = "salvo",
    feature = "tower",
))]
pub(crate) mod head;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "poem")]
#[doc(hidden)]
pub mod poem;
#[cfg(feature = "rocket")]
#[doc(hidden)]
pub mod rocket;
#[cfg(feature = "salvo")]
#[doc(hidden)]
pub mod salvo;
#[cfg(any(
    feature = "actix",
    feature = "poem",
    feature = "rocket",
    feature = "salvo",
    feature = "tower",
))]
pub(crate) mod settings;
#[cfg(feature = "tower")]
#[doc(hidden)]
pub mod tower;

#[cfg(any(feature = "actix", feature = "poem", feature = "salvo", feature = "tower"))]
pub use followed::Followed;
#[cfg(feature = "web")]
pub use handle::handle;
#[cfg(any(
    feature = "actix",
    feature = "poem",
    feature = "rocket",
    feature = "salvo",
    feature = "tower",
))]
pub use head::Head;

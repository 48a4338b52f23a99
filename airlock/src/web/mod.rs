//! What the web frameworks share, and what a framework without an adapter here needs: a request in a scope, whose
//! flush goes on after its client has disconnected.

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
pub use followed::Followed;
#[cfg(feature = "web")]
pub use handle::handle;
#[cfg(feature = "_framework")]
pub use head::Head;

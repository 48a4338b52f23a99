//! HTTP responses as outcomes: below 400 is success.

use ::http::Response;

use crate::core::scope::Outcome;

/// Below 400, informational answers and redirects included.
///
/// A gRPC error has a status of 200 and a `grpc-status`, which only `airlock::tower::ScopeLayer` reads.
///
/// ```
/// use airlock::Outcome;
/// use http::Response;
///
/// # fn main() -> Result<(), http::Error> {
/// assert!(Response::builder().status(303).body(())?.succeeded());
/// assert!(!Response::builder().status(404).body(())?.succeeded());
/// # Ok(())
/// # }
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
impl<B> Outcome for Response<B> {
    fn succeeded(&self) -> bool {
        self.status().as_u16() < 400
    }
}

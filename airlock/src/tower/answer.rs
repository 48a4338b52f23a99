//! What a client is told when its request's effects could not leave.

use ::http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use ::http::{Response, StatusCode, response};

use crate::web::FAILED;
use crate::{FlushError, events};

/// gRPC's `INTERNAL`.
const INTERNAL: HeaderValue = HeaderValue::from_static("13");

/// What a [`ScopeLayer`](super::ScopeLayer) answers in place of a response whose effects could not leave.
///
/// Closures come in by [`on_flush_error`](super::ScopeLayer::on_flush_error). Implement this where the answer
/// depends on what would have been answered.
///
/// # Examples
///
/// ```
/// use airlock::FlushError;
/// use airlock::tower::Answer;
/// use http::{Response, StatusCode, response};
///
/// /// Whatever else the response says, its status says that it failed.
/// #[derive(Clone)]
/// struct SameHeaders;
///
/// impl<B: Default> Answer<B> for SameHeaders {
///     fn answer(&self, error: FlushError, given: response::Parts) -> Response<B> {
///         eprintln!("{error}");
///         let mut response = Response::from_parts(given, B::default());
///         *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
///         response
///     }
/// }
/// ```
pub trait Answer<B> {
    /// The response, where `given` is what there would have been to say.
    fn answer(&self, error: FlushError, given: response::Parts) -> Response<B>;
}

/// Logs the error and answers with a 500 and a text that gives nothing away; a gRPC response becomes the
/// status `INTERNAL`. Used unless told otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plain;

impl<B: From<&'static str>> Answer<B> for Plain {
    fn answer(&self, error: FlushError, given: response::Parts) -> Response<B> {
        events::failed_elsewhere(&error);
        if is_grpc(&given.headers) {
            return internal(&given, B::from(""));
        }
        let mut response = Response::new(B::from(FAILED));
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        let text = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, text);
        response
    }
}

/// Logs the error and answers with gRPC's status `INTERNAL`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Grpc;

impl<B: Default> Answer<B> for Grpc {
    fn answer(&self, error: FlushError, given: response::Parts) -> Response<B> {
        events::failed_elsewhere(&error);
        internal(&given, B::default())
    }
}

/// Answers as a closure does; made by [`on_flush_error`](super::ScopeLayer::on_flush_error).
#[derive(Clone, Copy, Debug)]
pub struct Custom<F>(pub(crate) F);

impl<B, F: Fn(FlushError) -> Response<B>> Answer<B> for Custom<F> {
    fn answer(&self, error: FlushError, _: response::Parts) -> Response<B> {
        (self.0)(error)
    }
}

fn is_grpc(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .is_some_and(|content_type| content_type.as_bytes().starts_with(b"application/grpc"))
}

/// A gRPC error is a 200 whose headers say what went wrong.
fn internal<B>(given: &response::Parts, body: B) -> Response<B> {
    let mut response = Response::new(body);
    *response.version_mut() = given.version;
    let given = given.headers.get(CONTENT_TYPE).cloned();
    let content_type = given.unwrap_or(HeaderValue::from_static("application/grpc"));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert("grpc-status", INTERNAL);
    // Its spaces as gRPC has them encoded, or not: both are read.
    headers.insert("grpc-message", HeaderValue::from_static(FAILED));
    response
}

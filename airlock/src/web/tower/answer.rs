//! The response to a request whose effects could not leave.

use ::http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use ::http::{Response, StatusCode};

use super::ScopeBody;
use super::service::with_head;
use crate::core::flush::FlushError;
use crate::core::report::log;
use crate::web::Head;
use crate::web::replaced::kept;
use crate::web::settings::FAILED;

/// How a [`ScopeLayer`](super::ScopeLayer) answers a request whose effects could not leave: [`Plain`], or a closure
/// given to [`on_flush_error`](super::ScopeLayer::on_flush_error).
pub trait Answer<B> {
    /// The response; `given` is the one that it replaces, whose headers it keeps but for those that describe the replaced
    /// body.
    fn answer(&self, error: FlushError, given: Response<B>) -> Response<ScopeBody<B>>;
}

/// The default: logs the error and answers with a 500 and a text that gives nothing away; a gRPC response becomes the
/// status `INTERNAL`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plain;

impl<B> Answer<B> for Plain {
    fn answer(&self, error: FlushError, given: Response<B>) -> Response<ScopeBody<B>> {
        let given = given.headers();
        log::failed_elsewhere(&error);
        if let Some(content_type) = grpc(given) {
            return keep(given, internal(content_type));
        }
        let mut response = Response::new(ScopeBody::text(FAILED));
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        let text = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, text);
        keep(given, response)
    }
}

/// Answers as a closure does; made by [`on_flush_error`](super::ScopeLayer::on_flush_error).
#[derive(Clone, Copy, Debug)]
pub struct Custom<F>(pub(super) F);

impl<B, F: Fn(FlushError, &Head<'_>) -> Option<Response<B>>> Answer<B> for Custom<F> {
    fn answer(&self, error: FlushError, given: Response<B>) -> Response<ScopeBody<B>> {
        match with_head(&given, |head| (self.0)(error, head)) {
            Some(answer) => keep(given.headers(), answer.map(ScopeBody::given)),
            None => given.map(ScopeBody::given),
        }
    }
}

fn keep<B>(given: &HeaderMap, mut answer: Response<B>) -> Response<B> {
    let kept = kept(given, |name| answer.headers().contains_key(*name));
    for (name, value) in kept {
        answer.headers_mut().append(name, value.clone());
    }
    answer
}

/// The content type of a gRPC response.
fn grpc(headers: &HeaderMap) -> Option<&HeaderValue> {
    let content_type = headers.get(CONTENT_TYPE)?;
    content_type.as_bytes().starts_with(b"application/grpc").then_some(content_type)
}

/// A gRPC error is a 200 with the error in its headers.
fn internal<B>(content_type: &HeaderValue) -> Response<ScopeBody<B>> {
    let mut response = Response::new(ScopeBody::text(""));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type.clone());
    headers.insert("grpc-status", HeaderValue::from_static("13"));
    headers.insert("grpc-message", HeaderValue::from_static(FAILED));
    response
}

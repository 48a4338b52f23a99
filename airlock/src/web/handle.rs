//! A request in a scope, from its first poll to its flush.

use std::future::poll_fn;
use std::pin::pin;

use ::tokio::runtime::Handle;

use crate::core::background::detached_flush::{DetachedFlush, carried_along, detached};
use crate::core::flush::FlushError;
use crate::core::report::log;
use crate::core::scope::{Scope, Sealed};
use crate::core::stack::scoped_future::ScopedFuture;
use crate::web::after_response::AfterResponse;

/// Handles a request in a scope, and flushes if `succeeded` is true of the answer.
///
/// It differs from [`Scope::run_async`] in two points. If this future is dropped during the flush, as servers do when
/// their client has disconnected, the flush goes on in a task of its own. And the answer is returned even if the flush
/// failed.
///
/// # Panics
///
/// If `body` panics; its intents are discarded.
///
/// # Examples
///
/// ```
/// #[airlock::task]
/// fn send_mail(order_id: u64) {}
///
/// struct Answer { status: u16 }
///
/// async fn place_order() -> Answer {
///     let enqueued = send_mail::enqueue(42);
///     Answer { status: if enqueued.is_ok() { 201 } else { 503 } }
/// }
///
/// /// What a middleware does with each request.
/// async fn in_a_scope(request: impl Future<Output = Answer>) -> Answer {
///     let succeeded = |answer: &Answer| answer.status < 400;
///     let (answer, flushed) = airlock::web::handle(airlock::scope(), request, succeeded).await;
///     if flushed.is_ok() { answer } else { Answer { status: 500 } }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// assert_eq!(in_a_scope(place_order()).await.status, 201);
/// # }
/// ```
pub async fn handle<F: Future>(
    scope: Scope,
    body: F,
    succeeded: impl FnOnce(&F::Output) -> bool,
) -> (F::Output, Result<(), FlushError>) {
    let (answer, sealed) = run(scope.around(|| body)).await;
    let succeeded = succeeded(&answer);
    let flushed = match end(sealed, succeeded, false) {
        RequestEnd::Flushing(flushing) => flushing.await,
        RequestEnd::Done => Ok(()),
        // Never so, for it is not asked for; the flush would begin here.
        RequestEnd::AfterResponse(then) => {
            drop(then);
            Ok(())
        }
    };
    (answer, flushed)
}

/// Handles a request in its scope.
pub(crate) async fn run<F: Future>(inside: ScopedFuture<F>) -> (F::Output, Sealed) {
    let mut inside = pin!(inside);
    let (answer, environment) = poll_fn(|cx| inside.as_mut().poll_caught(cx)).await;
    (answer, Sealed::of(environment))
}

/// Ends a request's scope.
pub(crate) fn end(sealed: Sealed, succeeded: bool, after_response: bool) -> RequestEnd {
    let Some(flush) = sealed.decided(succeeded) else { return RequestEnd::Done };
    let runtime = Handle::try_current().ok().filter(|_| after_response);
    let Some(runtime) = runtime else { return RequestEnd::Flushing(detached(flush)) };
    let flushed = carried_along(flush);
    let flushed = async {
        if let Err(error) = flushed.await {
            log::failed_elsewhere(&error);
        }
    };
    RequestEnd::AfterResponse(AfterResponse::new(runtime, flushed))
}

/// What is left to do when a request's scope has ended.
pub(crate) enum RequestEnd {
    Done,
    /// Wait for the flush.
    Flushing(DetachedFlush),
    /// Keep this as long as the response.
    AfterResponse(AfterResponse),
}

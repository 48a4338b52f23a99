//! The span and the trace in force here, carried to where work goes on.

/// A future, for whatever task, in the span and the trace in force here.
pub(crate) fn carried_future<F: Future>(future: F) -> impl Future<Output = F::Output> {
    #[cfg(feature = "tracing")]
    let future = tracing::Instrument::in_current_span(future);
    #[cfg(feature = "opentelemetry")]
    let future = opentelemetry::trace::FutureExt::with_current_context(future);
    future
}

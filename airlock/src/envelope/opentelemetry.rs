//! OpenTelemetry: the trace of a flush goes on in the task that a worker runs.

use std::str::FromStr;

use opentelemetry::Context;
use opentelemetry::trace::{
    FutureExt, SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, WithContext,
};

use crate::envelope::TraceContext;

/// The current span's context, if there is one.
pub(crate) fn current_trace() -> Option<TraceContext> {
    let context = Context::current();
    let span = context.span();
    let span = span.span_context();
    span.is_valid().then(|| {
        let (trace, id, flags) = (span.trace_id(), span.span_id(), span.trace_flags().to_u8());
        TraceContext::new(format!("00-{trace}-{id}-{flags:02x}"), span.trace_state().header())
    })
}

/// Runs a future as a part of an envelope's trace.
pub(crate) fn within_trace<F: Future>(trace: Option<&TraceContext>, future: F) -> WithContext<F> {
    let context = Context::current();
    let context = match trace.and_then(remote) {
        Some(span) => context.with_remote_span_context(span),
        None => context,
    };
    future.with_context(context)
}

/// Runs a closure, on any thread, as a part of the trace that is current here.
pub(crate) fn in_current_trace<T>(run: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let context = Context::current();
    move || {
        let _attached = context.attach();
        run()
    }
}

/// The span that the headers name; `None` if they are not W3C Trace Context.
fn remote(trace: &TraceContext) -> Option<SpanContext> {
    let mut parts = trace.traceparent().split('-');
    let (version, trace_id, span_id, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let sized = [(version, 2), (trace_id, 32), (span_id, 16), (flags, 2)];
    let is_hex = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    // A later version may append parts; version 00 has just these.
    if sized.iter().any(|(part, length)| part.len() != *length || !is_hex(part))
        || version == "ff"
        || (version == "00" && parts.next().is_some())
    {
        return None;
    }
    let context = SpanContext::new(
        TraceId::from_hex(trace_id).ok()?,
        SpanId::from_hex(span_id).ok()?,
        TraceFlags::new(u8::from_str_radix(flags, 16).ok()?),
        true,
        TraceState::from_str(trace.tracestate()).unwrap_or_default(),
    );
    context.is_valid().then_some(context)
}

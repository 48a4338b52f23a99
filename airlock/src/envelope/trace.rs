//! The trace that goes along with an envelope: the flush and its task belong to one.

use serde::{Deserialize, Serialize};

#[cfg(feature = "opentelemetry")]
pub(crate) use crate::envelope::opentelemetry::{current_trace, in_current_trace, within_trace};
#[cfg(not(feature = "opentelemetry"))]
pub(crate) use without_opentelemetry::*;

/// The trace that a flush belongs to, as W3C Trace Context writes it.
///
/// Source: <https://www.w3.org/TR/trace-context/>.
///
/// # Examples
///
/// ```
/// use airlock::envelope::TraceContext;
///
/// let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// let trace = TraceContext::new(parent, "");
/// assert_eq!(trace.traceparent(), parent);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceContext {
    traceparent: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    tracestate: String,
}

impl TraceContext {
    /// The context of these two headers; `tracestate` may be empty.
    pub fn new(traceparent: impl Into<String>, tracestate: impl Into<String>) -> Self {
        Self { traceparent: traceparent.into(), tracestate: tracestate.into() }
    }

    /// The header `traceparent`.
    pub fn traceparent(&self) -> &str {
        &self.traceparent
    }

    /// The header `tracestate`, empty if there is none.
    pub fn tracestate(&self) -> &str {
        &self.tracestate
    }
}

/// The same functions where no trace is known.
#[cfg(not(feature = "opentelemetry"))]
mod without_opentelemetry {
    use super::TraceContext;

    pub(crate) fn current_trace() -> Option<TraceContext> {
        None
    }

    #[cfg(feature = "worker")]
    pub(crate) fn within_trace<F: Future>(_: Option<&TraceContext>, future: F) -> F {
        future
    }

    #[cfg(feature = "worker")]
    pub(crate) fn in_current_trace<F>(run: F) -> F {
        run
    }
}

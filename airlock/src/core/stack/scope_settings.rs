//! What a scope was told to do otherwise than usual.

use std::borrow::Cow;
use std::sync::Arc;

use crate::core::executor::{DynExecutor, OnFailure};
use crate::core::panics::shielded;
use crate::core::report::{Report, log};
use crate::core::stack::frame::{Frame, Release, Role};

pub(crate) type FlushIf = Arc<dyn Fn(bool) -> bool + Send + Sync>;
pub(crate) type OnReport = Arc<dyn Fn(&Report) + Send + Sync>;

/// What most scopes leave as it is.
#[derive(Clone, Default)]
pub(crate) struct ScopeSettings {
    pub(crate) name: Option<Cow<'static, str>>,
    pub(crate) executor: Option<Arc<dyn DynExecutor>>,
    pub(crate) on_failure: OnFailure,
    pub(crate) flush_if: Option<FlushIf>,
    pub(crate) on_report: Option<OnReport>,
    pub(crate) release: Release,
    pub(crate) limit: Option<usize>,
    pub(crate) limit_bytes: Option<usize>,
    pub(crate) chunks: Option<usize>,
    pub(crate) boundary: bool,
    pub(crate) role: Role,
}

impl ScopeSettings {
    /// The frame of a scope with these settings.
    pub(crate) fn frame(settings: Option<&Self>) -> Frame {
        let Some(settings) = settings else { return Frame::new() };
        let frame = if settings.boundary { Frame::boundary() } else { Frame::new() };
        frame
            .limited_to(settings.limit, settings.limit_bytes)
            .releasing(settings.release.clone())
            .carrying_out_by(settings.executor.clone())
            .playing(settings.role)
    }

    pub(crate) fn decides_to_flush(&self, succeeded: bool) -> bool {
        self.flush_if.as_ref().map_or(succeeded, |decide| decide(succeeded))
    }
}

/// Whether a report of a scope with these settings is read.
pub(crate) fn wants_report(settings: Option<&ScopeSettings>) -> bool {
    has_listener(settings) || log::reports()
}

/// Whether the scope has an `on_report`.
pub(crate) fn has_listener(settings: Option<&ScopeSettings>) -> bool {
    settings.is_some_and(|settings| settings.on_report.is_some())
}

/// Logs a report and hands it to `on_report`. A panic of that closure, or of a subscriber, ends here: it can't undo what
/// has become of the intents, and the caller still gets the result.
pub(crate) fn tell(settings: Option<&ScopeSettings>, report: &Report) {
    shielded(|| log::report(report));
    if let Some(tell) = settings.and_then(|settings| settings.on_report.as_ref()) {
        shielded(|| tell(report));
    }
}

//! What became of a published batch.

use crate::core::executor::DispatchError;
use crate::core::task::called::BoxError;
use crate::engines::shared::connection_runtime::RuntimeUnavailable;

/// What became of a published batch.
pub(crate) struct Published {
    /// Messages from this index on were not sent.
    pub(crate) attempted: usize,
    /// Messages that the broker has not confirmed, each with the reason.
    pub(crate) failures: Vec<(usize, BoxError)>,
    /// Why the rest was not sent.
    pub(crate) cause: Option<BoxError>,
}

impl Published {
    pub(super) fn nothing(cause: BoxError) -> Self {
        Self { attempted: 0, failures: Vec::new(), cause: Some(cause) }
    }

    /// All `messages` may have been sent, where anything may.
    pub(super) fn unknown(unavailable: RuntimeUnavailable, messages: usize) -> Self {
        if !unavailable.maybe_sent() {
            return Self::nothing(unavailable.into());
        }
        let failures = (0..messages).map(|index| (index, unavailable.into())).collect();
        Self { attempted: messages, failures, cause: Some(unavailable.into()) }
    }

    /// The result of the dispatch.
    pub(crate) fn into_result(self) -> Result<(), DispatchError> {
        let Self { attempted, failures, cause } = self;
        match cause {
            None => DispatchError::each(failures),
            Some(cause) if attempted == 0 => Err(DispatchError::refused(cause)),
            Some(_) => Err(DispatchError::until(attempted, failures)),
        }
    }
}

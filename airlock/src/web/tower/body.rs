//! The body of a response that came through the layer.

use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::web::Followed;
use crate::web::after_response::AfterResponse;

pin_project! {
    /// The service's own body, or the text of the answer to a failed flush.
    ///
    /// The layer takes any body, such as the boxed bodies of inner layers, and not every body can be made from a text.
    /// With `after_response`, the flush begins when the body has ended or is dropped.
    #[derive(Debug)]
    pub struct ScopeBody<B> {
        #[pin]
        given: Option<Followed<B>>,
        text: &'static str,
    }
}

impl<B> ScopeBody<B> {
    pub(super) fn given(body: B) -> Self {
        Self::followed(body, None)
    }

    /// A body, and the flush that follows it.
    pub(super) fn followed(body: B, then: Option<AfterResponse>) -> Self {
        Self { given: Some(Followed { body, then }), text: "" }
    }

    pub(super) fn text(text: &'static str) -> Self {
        Self { given: None, text }
    }
}

/// Empty: outer layers, such as timeouts, answer with an empty body.
impl<B> Default for ScopeBody<B> {
    fn default() -> Self {
        Self::text("")
    }
}

impl<B: Body<Data: From<&'static [u8]>>> Body for ScopeBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        if let Some(given) = this.given.as_pin_mut() {
            return given.poll_frame(cx);
        }
        let text = std::mem::take(this.text);
        let frame = (!text.is_empty()).then(|| Ok(Frame::data(text.as_bytes().into())));
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.given.as_ref().map_or(self.text.is_empty(), Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let text = || SizeHint::with_exact(self.text.len() as u64);
        self.given.as_ref().map_or_else(text, Body::size_hint)
    }
}

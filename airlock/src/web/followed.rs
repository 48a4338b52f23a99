//! A response's body, and the flush that follows it.

use pin_project_lite::pin_project;

use super::after_response::AfterResponse;

pin_project! {
    /// The body of a response. With `after_response`, the request's flush follows it.
    ///
    /// The flush begins when the body has ended, or when it is dropped before its end.
    #[derive(Debug)]
    pub struct Followed<B> {
        #[pin]
        pub(crate) body: B,
        pub(crate) then: Option<AfterResponse>,
    }
}

#[cfg(feature = "_http-body")]
mod http_body {
    use std::pin::Pin;
    use std::task::{Context, Poll, ready};

    use ::http_body::{Body, Frame, SizeHint};

    use super::Followed;

    impl<B: Body> Body for Followed<B> {
        type Data = B::Data;
        type Error = B::Error;

        fn poll_frame(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
            let this = self.project();
            let frame = ready!(this.body.poll_frame(cx));
            if frame.is_none() {
                *this.then = None;
            }
            Poll::Ready(frame)
        }

        fn is_end_stream(&self) -> bool {
            self.body.is_end_stream()
        }

        fn size_hint(&self) -> SizeHint {
            self.body.size_hint()
        }
    }
}

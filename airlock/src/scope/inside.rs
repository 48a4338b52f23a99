//! A future that brings its scope, policies or configuration along: in place while it is polled,
//! and while it is dropped.

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::report::Why;
use crate::scope::context::Seat;
use crate::scope::flush;

pin_project! {
    /// `body` under `seat`. Its output comes with the seat, so that a scope's buffer can be had.
    #[must_use = "futures do nothing unless they are awaited"]
    pub(crate) struct Inside<F> {
        #[pin]
        body: Option<F>,
        seat: Option<Seat>,
    }

    impl<F> PinnedDrop for Inside<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let Some(mut seat) = this.seat.take() else { return };
            {
                // What the body's own destructors enqueue belongs to the scope, not to whatever is
                // current where the future happens to be dropped.
                let _seated = seat.sit();
                this.body.set(None);
            }
            let why = if std::thread::panicking() { Why::Panic } else { Why::Cancelled };
            if let Some(frame) = seat.frame.take() {
                let (buffer, level) = frame.close();
                flush::discard_maybe_reported(&buffer, level, seat.rules.as_deref(), why);
            }
        }
    }
}

impl<F: Future> Inside<F> {
    pub(crate) fn new(body: F, seat: Seat) -> Self {
        Self { body: Some(body), seat: Some(seat) }
    }
}

impl<F: Future> Future for Inside<F> {
    type Output = (F::Output, Seat);

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let (Some(seat), Some(body)) = (this.seat.as_mut(), this.body.as_mut().as_pin_mut()) else {
            panic!("a scope's future was polled after it had finished");
        };
        let seated = seat.sit();
        let Poll::Ready(output) = body.poll(cx) else { return Poll::Pending };
        // The body goes first: its destructors still belong inside.
        this.body.set(None);
        drop(seated);
        match this.seat.take() {
            Some(seat) => Poll::Ready((output, seat)),
            None => unreachable!("it was there a few lines above"),
        }
    }
}

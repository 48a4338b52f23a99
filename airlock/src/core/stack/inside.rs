//! A future that brings its scope, policies or configuration along: in place while it is polled,
//! and while it is dropped.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::core::flush;
use crate::core::report::Why;
use crate::core::stack::context::Seat;

pin_project! {
    /// `body` under `seat`. Its output comes with the seat, so that a scope's buffer can be had.
    #[must_use = "futures do nothing unless they are awaited"]
    pub(crate) struct Inside<F> {
        #[pin]
        body: Option<F>,
        seat: Option<Seat>,
        // Whether the body's last poll ended in a panic that somebody has caught.
        panicked: bool,
    }

    impl<F> PinnedDrop for Inside<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let Some(seat) = this.seat.take() else { return };
            let mut abandoned = Abandoned { seat, panicked: *this.panicked };
            // What the body's own destructors enqueue belongs to the scope, not to whatever is
            // current where the future happens to be dropped.
            let _seated = abandoned.seat.sit();
            this.body.set(None);
        }
    }
}

/// Ends the scope of a future that is dropped before its end, also where its destructor panics.
struct Abandoned {
    seat: Seat,
    panicked: bool,
}

impl Drop for Abandoned {
    fn drop(&mut self) {
        let panicked = self.panicked || std::thread::panicking();
        let why = if panicked { Why::Panic } else { Why::Cancelled };
        let Some(frame) = self.seat.frame.take() else { return };
        let (buffer, level) = frame.close();
        if let Some(lost) = &self.seat.lost {
            lost.add(&buffer, level, why);
        }
        flush::discard_maybe_reported(&buffer, level, self.seat.settings.as_deref(), why);
    }
}

impl<F: Future> Inside<F> {
    pub(crate) fn new(body: F, seat: Seat) -> Self {
        Self { body: Some(body), seat: Some(seat), panicked: false }
    }

    /// The same with a body that is made under `seat`.
    #[cfg(feature = "web")]
    pub(crate) fn made(make: impl FnOnce() -> F, seat: Seat) -> Self {
        let mut abandoned = Abandoned { seat, panicked: false };
        let seated = abandoned.seat.sit();
        let body = make();
        drop(seated);
        Self::new(body, std::mem::take(&mut abandoned.seat))
    }

    /// Polls, and remembers a panic. A server catches it and drops the future later, when nothing
    /// tells that it was one.
    #[cfg(feature = "web")]
    pub(crate) fn poll_caught(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<(F::Output, Seat)> {
        let output = ready!(self.as_mut().poll_output_caught(cx));
        Poll::Ready((output, self.take_seat()))
    }

    /// The same, and leaves the seat, which is large, where it is.
    #[cfg(feature = "web")]
    pub(crate) fn poll_output_caught(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<F::Output> {
        *self.as_mut().project().panicked = true;
        let polled = self.as_mut().poll_output(cx);
        *self.project().panicked = false;
        polled
    }

    #[inline]
    fn poll_output(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let (Some(seat), Some(body)) = (this.seat.as_mut(), this.body.as_mut().as_pin_mut()) else {
            panic!("a scope's future was polled after it had finished");
        };
        let seated = seat.sit();
        let Poll::Ready(output) = body.poll(cx) else { return Poll::Pending };
        // The body goes first: its destructors still belong inside.
        this.body.set(None);
        drop(seated);
        Poll::Ready(output)
    }

    /// The seat, once the body has ended.
    #[inline]
    pub(crate) fn take_seat(self: Pin<&mut Self>) -> Seat {
        match self.project().seat.take() {
            Some(seat) => seat,
            None => unreachable!("it is taken once, when the body has ended"),
        }
    }

    /// Drops the seat of a body that has ended where nothing is left to decide: no settings, and nothing
    /// enqueued. Whether there was none.
    #[cfg(feature = "tower")]
    pub(crate) fn leave_untouched(self: Pin<&mut Self>) -> bool {
        let seat = self.project().seat;
        let untouched = seat.as_ref().is_some_and(Seat::is_untouched);
        if untouched {
            *seat = None;
        }
        untouched
    }
}

impl<F: Future> Future for Inside<F> {
    type Output = (F::Output, Seat);

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let output = ready!(self.as_mut().poll_output(cx));
        Poll::Ready((output, self.take_seat()))
    }
}

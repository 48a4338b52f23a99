//! A future that does nothing but wait, and the least that can poll it.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

/// Is ready at the last of a number of polls.
pub(crate) struct Yields {
    left: u64,
}

impl Yields {
    /// Ready at the poll of this number, counted from 1.
    pub(crate) fn after(polls: u64) -> Self {
        Self { left: polls }
    }
}

impl Future for Yields {
    type Output = ();

    // Out of line, so that the compiler can't count the polls beforehand.
    #[inline(never)]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.left <= 1 {
            return Poll::Ready(());
        }
        self.left -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Polls the future again and again.
pub(crate) fn poll_to_end<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

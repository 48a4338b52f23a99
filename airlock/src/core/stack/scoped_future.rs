//! A future that brings its scope, policies or configuration along: in place while it is polled,
//! and while it is dropped.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::core::report::Why;
use crate::core::stack::environment::Environment;

pin_project! {
    /// `body` under `environment`. Its output comes with the environment, so that a scope's buffer can be had.
    #[must_use = "futures do nothing unless they are awaited"]
    pub(crate) struct ScopedFuture<F> {
        #[pin]
        body: Option<F>,
        environment: Option<Environment>,
        // Whether the body's last poll ended in a panic that the caller has caught.
        panicked: bool,
    }

    impl<F> PinnedDrop for ScopedFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let Some(environment) = this.environment.take() else { return };
            let mut abandoned = Abandoned { environment, panicked: *this.panicked };
            // What the body's own destructors enqueue belongs to the scope, not to whatever is
            // current where the future happens to be dropped.
            let _entered = abandoned.environment.enter();
            this.body.set(None);
        }
    }
}

/// Ends the scope of a future that is dropped before its end, also where its destructor panics.
struct Abandoned {
    environment: Environment,
    panicked: bool,
}

impl Drop for Abandoned {
    fn drop(&mut self) {
        let panicked = self.panicked || std::thread::panicking();
        self.environment.abandon(if panicked { Why::Panic } else { Why::Cancelled });
    }
}

impl<F: Future> ScopedFuture<F> {
    pub(crate) fn new(body: F, environment: Environment) -> Self {
        Self { body: Some(body), environment: Some(environment), panicked: false }
    }

    /// The same with a body that is made under `environment`.
    #[cfg(feature = "web")]
    pub(crate) fn made(make: impl FnOnce() -> F, environment: Environment) -> Self {
        let mut abandoned = Abandoned { environment, panicked: false };
        let entered = abandoned.environment.enter();
        let body = make();
        drop(entered);
        Self::new(body, std::mem::take(&mut abandoned.environment))
    }

    /// Polls, and remembers a panic. A server catches it and drops the future later, when nothing
    /// tells that it was one.
    #[cfg(feature = "web")]
    pub(crate) fn poll_caught(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<(F::Output, Environment)> {
        let output = ready!(self.as_mut().poll_output_caught(cx));
        Poll::Ready((output, self.take_environment()))
    }

    /// The same, and leaves the environment, which is large, where it is.
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
        let (Some(environment), Some(body)) =
            (this.environment.as_mut(), this.body.as_mut().as_pin_mut())
        else {
            panic!("a scope's future was polled after it had finished");
        };
        let entered = environment.enter();
        let Poll::Ready(output) = body.poll(cx) else { return Poll::Pending };
        // The body goes first: its destructors still belong inside.
        this.body.set(None);
        drop(entered);
        Poll::Ready(output)
    }

    /// The environment, once the body has ended.
    #[inline]
    pub(crate) fn take_environment(self: Pin<&mut Self>) -> Environment {
        match self.project().environment.take() {
            Some(environment) => environment,
            None => unreachable!("it is taken once, when the body has ended"),
        }
    }

    /// Drops the environment of a body that has ended where nothing is left to decide: no settings, and nothing
    /// enqueued. Whether there was none.
    #[cfg(feature = "tower")]
    pub(crate) fn leave_untouched(self: Pin<&mut Self>) -> bool {
        let environment = self.project().environment;
        let untouched = environment.as_ref().is_some_and(Environment::is_untouched);
        if untouched {
            *environment = None;
        }
        untouched
    }
}

impl<F: Future> Future for ScopedFuture<F> {
    type Output = (F::Output, Environment);

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let output = ready!(self.as_mut().poll_output(cx));
        Poll::Ready((output, self.take_environment()))
    }
}

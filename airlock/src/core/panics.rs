//! Panics of the user's code, as values: nothing else in the crate catches one.

use std::any::Any;
use std::fmt::{self, Display};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A panic that was caught. What it carries is the user's, and may panic when it is dropped: that ends here.
pub(crate) struct Panic(Box<dyn Any + Send>);

impl Panic {
    /// What it said, however long that is.
    pub(crate) fn text(&self) -> &str {
        let text = self.0.downcast_ref::<&str>().copied();
        let text = text.or_else(|| self.0.downcast_ref::<String>().map(String::as_str));
        text.unwrap_or("a panic without a message")
    }

    /// Goes on with it.
    pub(crate) fn resume(mut self) -> ! {
        resume_unwind(self.take())
    }

    fn take(&mut self) -> Box<dyn Any + Send> {
        // It has no size, so there is nothing to allocate.
        mem::replace(&mut self.0, Box::new(()))
    }
}

impl From<Box<dyn Any + Send>> for Panic {
    #[inline]
    fn from(said: Box<dyn Any + Send>) -> Self {
        Self(said)
    }
}

impl Drop for Panic {
    fn drop(&mut self) {
        let said = self.take();
        if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(said))) {
            // It could go on like this.
            mem::forget(again);
        }
    }
}

/// Calls the user's code; its panic is a value.
///
/// # Errors
///
/// The panic.
#[inline]
pub(crate) fn catch<T>(call: impl FnOnce() -> T) -> Result<T, Panic> {
    catch_unwind(AssertUnwindSafe(call)).map_err(Panic::from)
}

/// Calls the user's code where a panic can't change what has become of anything. It has been printed.
pub(crate) fn shielded(call: impl FnOnce()) {
    drop(catch(call));
}

/// A text of the user's, such as an error's: a panic in it is what is written in its place.
pub(crate) fn guarded(text: impl Display) -> impl Display {
    Guarded(text)
}

struct Guarded<T>(T);

impl<T: Display> Display for Guarded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match catch(|| write!(f, "{}", self.0)) {
            Ok(Ok(())) => Ok(()),
            // `to_string` panics where a `Display` fails, though a string takes any text.
            Ok(Err(fmt::Error)) => f.write_str("[its text has failed]"),
            Err(panic) => write!(f, "[its text panicked: {}]", panic.text()),
        }
    }
}

/// A future in which a panic is an error.
pub(crate) struct Contained<F>(Option<F>);

impl<F> Contained<F> {
    pub(crate) fn new(future: F) -> Self {
        Self(Some(future))
    }
}

impl<F: Future + Unpin> Future for Contained<F> {
    type Output = Result<F::Output, Panic>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(future) = &mut self.0 else { panic!("it was polled after its end") };
        match catch(|| Pin::new(future).poll(cx)) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => {
                // What is left of it may panic as well.
                shielded(|| drop(self.0.take()));
                Poll::Ready(Err(panic))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::panic_any;

    use super::*;

    /// Panics when it is dropped, with another one of its kind.
    struct Again;

    impl Drop for Again {
        fn drop(&mut self) {
            panic_any(Again);
        }
    }

    #[test]
    fn what_a_panic_carries_can_panic_when_it_is_dropped() {
        let panic = catch(|| panic_any(Again)).expect_err("it panics");
        assert_eq!(panic.text(), "a panic without a message");
        drop(panic);
        shielded(|| panic_any(Again));
    }

    #[test]
    fn a_text_that_panics_or_fails_says_so() {
        struct Fails(bool);
        impl Display for Fails {
            fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
                assert!(self.0, "no words");
                Err(fmt::Error)
            }
        }
        assert_eq!(guarded(Fails(false)).to_string(), "[its text panicked: no words]");
        assert_eq!(guarded(Fails(true)).to_string(), "[its text has failed]");
    }

    #[test]
    fn a_future_that_panicked_is_dropped_there_and_then() {
        struct Panics<F>(Pin<Box<F>>);
        impl<F: Future> Future for Panics<F> {
            type Output = ();
            fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
                assert!(self.0.as_mut().poll(cx).is_ready(), "not yet");
                Poll::Ready(())
            }
        }
        let future = Box::pin(async {
            let _again = Again;
            std::future::pending::<()>().await;
        });
        let mut contained = Contained::new(Panics(future));
        let polled =
            Pin::new(&mut contained).poll(&mut Context::from_waker(std::task::Waker::noop()));
        let Poll::Ready(Err(panic)) = polled else { panic!("the panic is the result") };
        assert_eq!(panic.text(), "not yet");
    }
}

//! Whether sync code may block the Tokio runtime that it is in, and how it does.
//!
//! Tokio has no function that says so. What it has panics where it is not allowed, of which the program's panic hook
//! hears, and which ends a program that is built with `panic = "abort"`: there nothing is attempted that may panic.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::coop::{poll_proceed, unconstrained};
use tokio::task::{block_in_place, spawn_local, try_id, yield_now};

use crate::core::panics::catch;
use crate::core::wait::{Presence, Runtime, park_until_ready};

inventory::submit! {
    Runtime { presence, block_on }
}

fn presence() -> Presence {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Err(_) => Presence::Absent,
        Ok(RuntimeFlavor::CurrentThread) => Presence::MustNotBlock,
        Ok(_) if may_block() => Presence::MayBlock,
        Ok(_) => Presence::MustNotBlock,
    }
}

/// Whether nothing on this thread would stop that might be waited for. In a `LocalSet` its other tasks would.
fn may_block() -> bool {
    if cfg!(panic = "abort") {
        // A task that is polled where the runtime runs none is one of a `LocalSet`, or in a `block_on` of its own, and
        // that may be around a `LocalSet`.
        return is_worker() || !(is_polled() && try_id().is_some());
    }
    if catch(|| block_in_place(|| ())).is_err() {
        return false;
    }
    // In a `block_on` inside `block_in_place` the answer is yes, a `LocalSet` or not.
    is_worker() || !(is_polled() && try_id().is_some() && is_local())
}

/// Where the runtime's other tasks would have to wait as well, it moves them to another thread meanwhile.
fn block_on(future: Pin<&mut dyn Future<Output = ()>>) {
    if is_worker() {
        block_in_place(|| Handle::current().block_on(future));
    } else {
        // What is polled around has a budget, which is not renewed while it waits here.
        park_until_ready(pin!(unconstrained(future)));
    }
}

/// Whether this thread has tasks of the runtime to run. One that yields there is woken when the others have had their
/// turn, and anywhere else at once.
fn is_worker() -> bool {
    struct Woken(AtomicBool);
    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let woken = Arc::new(Woken(AtomicBool::new(false)));
    let yielded = pin!(yield_now()).poll(&mut Context::from_waker(&woken.clone().into()));
    yielded.is_pending() && !woken.0.load(Ordering::Relaxed)
}

/// Whether this thread is polling a future of the runtime's, rather than running code that may block: it has a budget
/// then, all of which is taken here, and given back.
fn is_polled() -> bool {
    /// Tokio's is half as large.
    const MORE: usize = 256;
    let mut context = Context::from_waker(Waker::noop());
    let mut taken = Vec::new();
    let is_polled = (0..MORE).any(|_| match poll_proceed(&mut context) {
        Poll::Ready(unit) => {
            taken.push(unit);
            false
        }
        Poll::Pending => true,
    });
    // Each gives back what there was when it was taken: the first one has the last word.
    while taken.pop().is_some() {}
    is_polled
}

/// Whether a `LocalSet` is polled on this thread.
fn is_local() -> bool {
    catch(|| spawn_local(async {}).abort()).is_ok()
}

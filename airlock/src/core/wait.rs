//! Waiting for a future from sync code.

use std::fmt;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use crate::core::threads::thread::{self, Thread};

/// What an integration knows about the runtime it is for; submitted to `inventory`.
pub(crate) struct Runtime {
    pub(crate) presence: fn() -> Presence,
    /// Waits inside the runtime. Only called where `presence` says `MayBlock`.
    pub(crate) block_on: fn(Pin<&mut dyn Future<Output = ()>>),
}

inventory::collect!(Runtime);

/// Whether this thread belongs to a runtime.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "tokio"), expect(dead_code, reason = "only runtimes say so"))]
pub(crate) enum Presence {
    Absent,
    /// It does, and can be blocked without stopping what would be waited for.
    MayBlock,
    /// It does, and to block it might wait for ever.
    MustNotBlock,
}

/// A flush from sync code would have to wait on a runtime's only thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WouldDeadlock;

impl fmt::Display for WouldDeadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a flush from sync code would block the single-threaded runtime that it has to wait \
             for: write `airlock::scope().run_async(…).await`, or put `#[airlock::scoped]` on an \
             async fn",
        )
    }
}

impl std::error::Error for WouldDeadlock {}

/// How to wait on this thread.
#[derive(Clone, Copy)]
pub(crate) enum Wait {
    Parked,
    Inside(&'static Runtime),
}

/// How to wait on this thread, unless that might be for ever.
pub(crate) fn check() -> Result<Wait, WouldDeadlock> {
    let mut wait = Wait::Parked;
    for runtime in inventory::iter::<Runtime> {
        match (runtime.presence)() {
            Presence::Absent => {}
            Presence::MayBlock => wait = Wait::Inside(runtime),
            Presence::MustNotBlock => return Err(WouldDeadlock),
        }
    }
    Ok(wait)
}

/// Waits for `future`, in the way that the caller has [found](check) to be good. For a future that
/// never waits the caller need not look.
pub(crate) fn wait<T>(wait: Option<Wait>, future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    // Most are ready at once: tasks that are not async, hand-overs to a pool.
    if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        return output;
    }
    let mut output = None;
    let mut filling = pin!(async { output = Some(future.await) });
    match wait {
        Some(Wait::Inside(runtime)) => (runtime.block_on)(filling.as_mut()),
        Some(Wait::Parked) | None => park_until_ready(filling.as_mut()),
    }
    match output {
        Some(output) => output,
        None => unreachable!("it was waited for"),
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Calls what blocks this thread, such as for another one to end.
///
/// # Errors
///
/// Where that might be for ever; it is not called then.
pub(crate) fn block(call: impl FnOnce()) -> Result<(), WouldDeadlock> {
    match check()? {
        Wait::Parked => call(),
        Wait::Inside(runtime) => (runtime.block_on)(pin!(async { call() })),
    }
    Ok(())
}

/// Waits on this thread alone.
pub(crate) fn park_until_ready(mut future: Pin<&mut dyn Future<Output = ()>>) {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    while future.as_mut().poll(&mut context).is_pending() {
        thread::park();
    }
}

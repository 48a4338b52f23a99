//! Timers, also where the runtime around keeps no time.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use once_cell::sync::OnceCell;
use tokio::runtime::{self, Handle, Runtime};

use crate::core::panics::catch;

/// Makes something that waits for a time, on this thread's runtime; where there is none that keeps
/// time, as under a flush from sync code, on one that does nothing else.
///
/// # Errors
///
/// Where the thread can't be started that such a runtime is on.
pub(crate) fn with_timer<T>(make: impl FnOnce() -> T) -> io::Result<T> {
    if Handle::try_current().is_ok_and(|runtime| keeps_time(runtime.id())) {
        return Ok(make());
    }
    let timer = timer()?;
    let _inside = timer.enter();
    Ok(make())
}

/// Whether the runtime that this thread is in, which is `runtime`, keeps time.
///
/// Tokio has no function that says so: only making a timer shows it, and panics where the runtime keeps no time. A
/// panic hook sees that panic, so the attempt is made once for such a runtime, and not at each wait. It would end a
/// program that is built with `panic = "abort"`: there, time is always kept elsewhere.
fn keeps_time(runtime: runtime::Id) -> bool {
    static TIMELESS: Mutex<Vec<runtime::Id>> = Mutex::new(Vec::new());
    /// A program has one, or makes one after another.
    const REMEMBERED: usize = 64;
    if cfg!(panic = "abort") {
        return false;
    }
    let timeless = || TIMELESS.lock().unwrap_or_else(PoisonError::into_inner);
    if timeless().contains(&runtime) {
        return false;
    }
    let keeps_time = catch(|| drop(tokio::time::sleep(Duration::ZERO))).is_ok();
    if !keeps_time {
        let mut timeless = timeless();
        timeless.truncate(REMEMBERED - 1);
        timeless.insert(0, runtime);
    }
    keeps_time
}

/// The runtime that only keeps time. One that could not be made is tried again at the next wait.
fn timer() -> io::Result<&'static Runtime> {
    static TIMER: OnceCell<Runtime> = OnceCell::new();
    TIMER.get_or_try_init(|| {
        runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("airlock-timer")
            .enable_time()
            .build()
    })
}

#[cfg(test)]
mod tests {
    use std::panic;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    fn waits() {
        for _ in 0..3 {
            drop(with_timer(|| tokio::time::sleep(Duration::ZERO)).expect("a timer"));
        }
    }

    #[test]
    fn a_runtime_is_asked_once_whether_it_keeps_time() {
        let heard = Arc::new(AtomicUsize::new(0));
        let (count, here, others) = (heard.clone(), thread::current().id(), panic::take_hook());
        panic::set_hook(Box::new(move |panic| {
            if thread::current().id() == here {
                count.fetch_add(1, Ordering::Relaxed);
            } else {
                others(panic);
            }
        }));
        let single = runtime::Builder::new_current_thread;
        waits();
        single().enable_time().build().expect("a runtime").block_on(async { waits() });
        assert_eq!(heard.load(Ordering::Relaxed), 0, "without a runtime, and in one with a timer");

        let timeless = single().build().expect("a runtime");
        timeless.block_on(async { waits() });
        timeless.block_on(async { waits() });
        assert_eq!(heard.load(Ordering::Relaxed), 1);
        single().build().expect("another").block_on(async { waits() });
        assert_eq!(heard.load(Ordering::Relaxed), 2);
    }
}

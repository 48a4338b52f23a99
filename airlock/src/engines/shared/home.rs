//! The runtime that an engine's connections belong to.
//!
//! A flush from a thread in no runtime is carried out in that one. A many-threaded runtime gets on by
//! itself. One of a single thread does nothing unless somebody is inside its `block_on`, which nobody
//! can ask: it is given something to do, and whether that gets done tells.

use std::fmt;
use std::pin::pin;
use std::time::Duration;

use ::tokio::runtime::{Handle, RuntimeFlavor};
use ::tokio::select;

use crate::core::executor::DispatchError;
use crate::core::timer::with_timer;

/// How long a single-threaded runtime may be busy with something else.
const PATIENCE: Duration =
    if cfg!(test) { Duration::from_millis(200) } else { Duration::from_secs(10) };

/// Where an engine's handle was made: connections work in that runtime, also for a flush from a
/// thread that is in none.
#[cfg(any(feature = "apalis-postgres", feature = "apalis-sqlite", feature = "graphile"))]
#[derive(Clone)]
pub(crate) struct Home {
    runtime: Option<Handle>,
}

#[cfg(any(feature = "apalis-postgres", feature = "apalis-sqlite", feature = "graphile"))]
impl Home {
    /// The runtime that is current, where there is one.
    pub(crate) fn here() -> Self {
        Self { runtime: Handle::try_current().ok() }
    }

    /// Polls a future where connections work. Those of a file need the runtime as well: they go back to
    /// their pool in a task of it.
    ///
    /// # Errors
    ///
    /// Where they don't, because nobody drives that runtime.
    pub(crate) async fn run<F: Future>(&self, future: F) -> Result<F::Output, Away> {
        let runtime = match &self.runtime {
            Some(runtime) if Handle::try_current().is_err() => runtime,
            _ => return Ok(future.await),
        };
        let mut future = pin!(future);
        let inside = std::future::poll_fn(|cx| {
            let _entered = runtime.enter();
            future.as_mut().poll(cx)
        });
        driven(runtime, inside).await
    }
}

/// Runs a future in a runtime, to its end, also if the caller is dropped half-way.
///
/// # Errors
///
/// Where the runtime is driven by nobody or has shut down.
#[cfg(any(
    feature = "apalis-redis",
    feature = "celery-rabbitmq",
    feature = "celery-redis",
    feature = "dramatiq-rabbitmq",
    feature = "dramatiq-redis"
))]
pub(crate) async fn spawn<T: Send + 'static>(
    runtime: &Handle,
    future: impl Future<Output = T> + Send + 'static,
) -> Result<T, Away> {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    let begun = Arc::new(AtomicBool::new(false));
    let mark = begun.clone();
    let task = async {
        let task = runtime.spawn(async move {
            mark.store(true, Ordering::Relaxed);
            future.await
        });
        task.await
    };
    // Whoever waits inside a runtime drives it.
    let is_here = Handle::try_current().is_ok_and(|here| here.id() == runtime.id());
    let ended = if is_here { task.await } else { driven(runtime, task).await? };
    ended.map_err(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => Away { why: Why::ShutDown, begun: begun.load(Ordering::Relaxed) },
    })
}

/// Waits for a future that needs a runtime, as long as that does anything.
async fn driven<F: Future>(runtime: &Handle, future: F) -> Result<F::Output, Away> {
    if runtime.runtime_flavor() != RuntimeFlavor::CurrentThread {
        return Ok(future.await);
    }
    lives(runtime).await.map_err(|why| Away { why, begun: false })?;
    let mut future = pin!(future);
    loop {
        let still = async {
            pause().await;
            lives(runtime).await
        };
        select! {
            biased;
            output = &mut future => return Ok(output),
            lives = still => lives.map_err(|why| Away { why, begun: true })?,
        }
    }
}

/// Whether the runtime does what it is given.
async fn lives(runtime: &Handle) -> Result<(), Why> {
    select! {
        biased;
        done = runtime.spawn(std::future::ready(())) => done.map_err(|_| Why::ShutDown),
        () = pause() => Err(Why::Undriven),
    }
}

/// Waits in a runtime that keeps time.
async fn pause() {
    match with_timer(|| ::tokio::time::sleep(PATIENCE)) {
        Ok(sleep) => sleep.await,
        Err(_) => std::future::pending().await,
    }
}

/// The runtime that connections belong to does nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Away {
    why: Why,
    /// Whether anything may have left.
    begun: bool,
}

#[derive(Clone, Copy, Debug)]
enum Why {
    Undriven,
    ShutDown,
}

#[cfg(any(feature = "celery-rabbitmq", feature = "dramatiq-rabbitmq"))]
impl Away {
    /// Whether anything may have left.
    pub(crate) fn begun(self) -> bool {
        self.begun
    }
}

impl fmt::Display for Away {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.begun { "it may have left all the same: " } else { "" })?;
        match self.why {
            Why::ShutDown => {
                f.write_str("the Tokio runtime that the connection was made in has shut down")
            }
            Why::Undriven => write!(
                f,
                "the single-threaded Tokio runtime that the connection was made in has done nothing \
                 for {PATIENCE:?}: connect inside a many-threaded runtime, or flush inside this one, \
                 with `run_async`",
            ),
        }
    }
}

impl std::error::Error for Away {}

impl From<Away> for DispatchError {
    fn from(away: Away) -> Self {
        if away.begun { Self::all(away) } else { Self::refused(away) }
    }
}

#[cfg(all(test, feature = "apalis-redis", feature = "graphile"))]
mod tests {
    use std::future::{pending, ready};
    use std::sync::mpsc;
    use std::thread;

    use ::tokio::runtime::{Builder, Runtime};
    use ::tokio::sync::oneshot;

    use super::*;
    use crate::core::wait::wait;

    fn single_threaded() -> Runtime {
        Builder::new_current_thread().enable_all().build().expect("a runtime")
    }

    fn home(runtime: &Runtime) -> Home {
        let _inside = runtime.enter();
        Home::here()
    }

    /// Says on a channel that it has begun, and never ends.
    fn endless() -> (mpsc::Receiver<()>, impl Future<Output = ()> + Send + 'static) {
        let (tell, told) = mpsc::channel();
        let future = async move {
            tell.send(()).expect("somebody listens");
            pending::<()>().await;
        };
        (told, future)
    }

    #[test]
    fn nothing_begins_where_nobody_drives_the_runtime() {
        let runtime = single_threaded();
        let (begun, future) = endless();
        let away = wait(None, spawn(runtime.handle(), future)).expect_err("nobody drives it");
        assert!(!away.begun());
        assert!(away.to_string().contains("connect inside a many-threaded runtime"), "{away}");
        let away = wait(None, home(&runtime).run(pending::<()>())).expect_err("nobody drives it");
        assert!(!away.begun());

        runtime.block_on(async { ::tokio::task::yield_now().await });
        begun.try_recv().expect_err("it doesn't begin later either");
    }

    #[test]
    fn what_has_begun_may_have_left_when_the_runtime_is_left_alone() {
        let runtime = single_threaded();
        for spawned in [true, false] {
            let (begun, future) = endless();
            let (home, handle) = (home(&runtime), runtime.handle().clone());
            let waiting = thread::spawn(move || {
                wait(None, async {
                    if spawned { spawn(&handle, future).await } else { home.run(future).await }
                })
            });
            runtime.block_on(async {
                while begun.try_recv().is_err() {
                    ::tokio::task::yield_now().await;
                }
                // Slow is not idle.
                ::tokio::time::sleep(3 * PATIENCE).await;
                assert!(!waiting.is_finished());
            });
            let away = waiting.join().expect("no panic").expect_err("nobody drives it any more");
            assert!(away.begun());
            assert!(away.to_string().starts_with("it may have left all the same: "), "{away}");
        }
    }

    #[test]
    fn a_thread_in_block_on_drives_it_for_others() {
        let runtime = single_threaded();
        let (home, handle) = (home(&runtime), runtime.handle().clone());
        let (stop, stopped) = oneshot::channel::<()>();
        let driving = thread::spawn(move || runtime.block_on(stopped));
        assert_eq!(wait(None, spawn(&handle, ready(1))).expect("driven"), 1);
        assert_eq!(wait(None, home.run(ready(2))).expect("driven"), 2);
        stop.send(()).expect("it waits");
        driving.join().expect("no panic").expect("told");
    }

    #[test]
    fn a_runtime_that_has_shut_down_says_so() {
        let runtime = single_threaded();
        let handle = runtime.handle().clone();
        let home = home(&runtime);
        drop(runtime);
        let spawned = wait(None, spawn(&handle, ready(()))).expect_err("it is gone");
        let here = wait(None, home.run(ready(()))).expect_err("it is gone");
        for away in [spawned, here] {
            assert!(!away.begun());
            assert!(away.to_string().ends_with("has shut down"), "{away}");
        }

        let runtime = Builder::new_multi_thread().worker_threads(1).build().expect("a runtime");
        let (begun, future) = endless();
        let handle = runtime.handle().clone();
        let waiting = thread::spawn(move || wait(None, spawn(&handle, future)));
        begun.recv().expect("it begins");
        drop(runtime);
        assert!(waiting.join().expect("no panic").expect_err("it is gone").begun());
    }
}

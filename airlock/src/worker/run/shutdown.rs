//! How a worker shuts down, phase by phase.

use std::future::pending;
use std::time::Duration;

use crate::core::threads::tokio::sync::watch;
use crate::core::threads::tokio::time::sleep;

/// How long the engine may take to answer after the grace.
pub(super) const ENGINE_TIMEOUT: Duration = Duration::from_secs(5);

/// How far a worker is with shutting down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub(super) enum Phase {
    Running,
    /// No task begins. Those that run may finish.
    Draining,
    /// What still runs is returned.
    Aborting,
    /// No call of the engine is waited for.
    Abandoning,
}

/// Begins the shutdown when it is dropped.
pub(super) struct ShutdownOnDrop(watch::Sender<Phase>);

impl ShutdownOnDrop {
    pub(super) fn new() -> Self {
        Self(watch::channel(Phase::Running).0)
    }

    pub(super) fn phase(&self) -> watch::Sender<Phase> {
        self.0.clone()
    }
}

impl Drop for ShutdownOnDrop {
    fn drop(&mut self) {
        self.0.send_if_modified(|phase| {
            let runs = *phase == Phase::Running;
            if runs {
                *phase = Phase::Draining;
            }
            runs
        });
    }
}

/// Tells when the shutdown reaches a phase.
pub(super) struct Shutdown(watch::Receiver<Phase>);

impl Shutdown {
    pub(super) fn of(phase: &watch::Sender<Phase>) -> Self {
        Self(phase.subscribe())
    }

    /// Returns when the phase is reached, and also when the run is over.
    pub(super) async fn reached(&self, phase: Phase) {
        let _ = self.0.clone().wait_for(|reached| *reached >= phase).await;
    }
}

/// Advances a shutdown that has begun by the clock, whatever else goes on. It never returns.
pub(super) async fn advance(phase: &watch::Sender<Phase>, grace: Duration) {
    Shutdown::of(phase).reached(Phase::Draining).await;
    sleep(grace).await;
    phase.send_replace(Phase::Aborting);
    sleep(ENGINE_TIMEOUT).await;
    phase.send_replace(Phase::Abandoning);
    pending::<()>().await;
}

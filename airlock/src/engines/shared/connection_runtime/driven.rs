//! Waiting for a future that a runtime drives, as long as something drives the runtime.

use std::pin::pin;

use ::tokio::runtime::{Handle, RuntimeFlavor};
use ::tokio::select;

use crate::core::timer::with_timer;
use crate::engines::shared::connection_runtime::RESPONSE_TIMEOUT;
use crate::engines::shared::connection_runtime::unavailable::{RuntimeFault, RuntimeUnavailable};

/// Waits for a future that needs a runtime.
///
/// # Errors
///
/// Where the runtime stops doing anything.
pub(super) async fn wait_for<F: Future>(
    runtime: &Handle,
    future: F,
) -> Result<F::Output, RuntimeUnavailable> {
    if runtime.runtime_flavor() != RuntimeFlavor::CurrentThread {
        return Ok(future.await);
    }
    responds(runtime).await.map_err(|fault| RuntimeUnavailable { fault, maybe_sent: false })?;
    let mut future = pin!(future);
    loop {
        let still_responds = async {
            response_timeout().await;
            responds(runtime).await
        };
        select! {
            biased;
            output = &mut future => return Ok(output),
            responds = still_responds => {
                responds.map_err(|fault| RuntimeUnavailable { fault, maybe_sent: true })?;
            }
        }
    }
}

/// Whether the runtime runs a task that is spawned on it.
async fn responds(runtime: &Handle) -> Result<(), RuntimeFault> {
    select! {
        biased;
        done = runtime.spawn(std::future::ready(())) => done.map_err(|_| RuntimeFault::ShutDown),
        () = response_timeout() => Err(RuntimeFault::NotDriven),
    }
}

/// Waits in a runtime that keeps time.
async fn response_timeout() {
    match with_timer(|| ::tokio::time::sleep(RESPONSE_TIMEOUT)) {
        Ok(sleep) => sleep.await,
        Err(_) => std::future::pending().await,
    }
}

//! The executor that runs tasks where the flush is.

use crate::core::executor::{Batch, DispatchError, Executor};
use crate::core::intent::Intent;
use crate::core::policy::chain::Chain;
use crate::core::run::settings::{RunnerSettings, StatesError, settings};
use crate::core::run::{PausedAt, Runner};

/// Runs the tasks here, one after another; the executor of a scope that was given none.
///
/// Each task runs in a scope of its own: what it enqueues leaves if it succeeds, through the
/// policies that were in force for the task itself. A panic in a task is that task's failure.
///
/// # Examples
///
/// ```standalone_crate
/// use airlock::Inline;
///
/// struct Smtp { host: &'static str }
///
/// #[airlock::task]
/// fn send_mail(#[state] smtp: &Smtp, order_id: u64) {
///     println!("mail for {order_id} over {}", smtp.host);
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let inline = Inline::builder().state(Smtp { host: "localhost" }).build()?;
/// airlock::scope().executor(inline).run(|| send_mail::enqueue(42))??;
///
/// let missing = Inline::builder().build().unwrap_err();
/// assert!(missing.to_string().contains("send_mail"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Inline {
    runner: Runner,
}

static DEFAULT: Inline = Inline { runner: Runner::new("Inline") };

impl Inline {
    /// An executor with states, or with another limit on generations.
    pub fn builder() -> InlineBuilder {
        InlineBuilder { settings: RunnerSettings::new("Inline") }
    }

    /// The executor of a scope that was given none.
    #[inline]
    pub(crate) fn default_ref() -> &'static Self {
        &DEFAULT
    }

    /// Runs intents under the same policies, up to the first that is more than a sync task which succeeds and
    /// enqueues nothing; then the policies are given back.
    pub(crate) fn run_plain(&self, chain: &mut Chain, intents: &mut [Intent]) -> Option<PausedAt> {
        self.runner.run_plain(chain, intents)
    }

    /// Goes on from there.
    pub(crate) fn resume(&self, batch: &mut Batch, paused: PausedAt) -> Result<(), DispatchError> {
        self.runner.resume(batch, paused)
    }

    pub(crate) fn run_now(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        self.runner.run_now(batch)
    }

    pub(crate) async fn run_async(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        self.runner.run_async(batch).await
    }
}

impl Executor for Inline {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        batch.begin();
        if batch.is_async { self.run_async(batch).await } else { self.run_now(batch) }
    }

    /// It refuses single async tasks where it must, and knows better than by the batch.
    fn blocks(&self) -> bool {
        false
    }
}

/// Builds an [`Inline`]; made by [`Inline::builder`].
///
/// # Examples
///
/// ```
/// use airlock::{Inline, tasks};
///
/// struct Smtp;
///
/// #[airlock::task]
/// fn send_mail(#[state] smtp: &Smtp, order_id: u64) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let inline = Inline::builder().serving(tasks![send_mail]).state(Smtp).build()?;
/// let (_, sealed) = airlock::scope().executor(inline).seal(|| send_mail::enqueue(42));
/// assert_eq!(sealed.flush()?.dispatched(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `.build()`"]
pub struct InlineBuilder {
    settings: RunnerSettings,
}

impl InlineBuilder {
    settings!();

    /// The executor.
    ///
    /// # Errors
    ///
    /// [`StatesError`] where a task asks for a state that was not given.
    pub fn build(self) -> Result<Inline, StatesError> {
        Ok(Inline { runner: self.settings.check()? })
    }
}

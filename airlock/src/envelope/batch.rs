//! The envelopes of a batch.

use std::panic::Location;
use std::ptr;
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::core::executor::{Batch, DispatchError};
use crate::core::intent::Intent;
use crate::core::policy::travel::{CannotTravel, travelling};
use crate::core::stack::while_judging::while_judging;
use crate::core::task::called::BoxError;
use crate::envelope::Envelope;
use crate::envelope::write::origin;

/// The envelopes of a batch, in order, for an executor that honours these options.
///
/// # Errors
///
/// For the first intent that asks for another option, or whose arguments have no JSON.
///
/// # Examples
///
/// ```
/// use airlock::{Batch, DispatchError, Executor, envelope};
///
/// /// Prints what would leave.
/// struct Print;
///
/// impl Executor for Print {
///     async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
///         for envelope in envelope::of_batch(batch, "Print", &["queue"])? {
///             println!("{}", String::from_utf8_lossy(&envelope.to_json()));
///         }
///         Ok(())
///     }
/// }
/// ```
pub fn of_batch(
    batch: &Batch,
    executor: &'static str,
    honoured: &[&str],
) -> Result<Vec<Envelope>, DispatchError> {
    each(batch, executor, honoured).map(|made| made.map(|(_, _, envelope)| envelope)).collect()
}

impl Batch {
    /// What goes along with the intent at `index` of the [policies](crate::Policy::travel) under which it was enqueued, for
    /// an executor that takes it out of this process without an [envelope](crate::envelope): a list in JSON, as
    /// [`Envelope::policies`] has it. `None` if nothing restricts what its task enqueues.
    ///
    /// An executor that can't take them along refuses the intent, for its task would run wider elsewhere.
    ///
    /// # Errors
    ///
    /// Where a policy can't travel; the error names it.
    ///
    /// # Panics
    ///
    /// Where `index` is not below [`len`](Self::len).
    pub fn policies(&self, index: usize) -> Result<Option<String>, BoxError> {
        assert!(index < self.len(), "{index} is no index of {} intents", self.len());
        let (chain, ..) = self.run_of(index);
        let policies = while_judging(|| travelling(chain))?;
        Ok(policies.map(|policies| policies.get().to_owned()))
    }
}

/// The policies of intents that were enqueued under the same ones, as they travel.
struct PoliciesOfRun {
    end: usize,
    text: Option<Arc<RawValue>>,
}

impl PoliciesOfRun {
    /// Those of the intent at `index`; intents are asked about in order.
    fn at(&mut self, batch: &Batch, index: usize) -> Result<Option<Arc<RawValue>>, CannotTravel> {
        if index >= self.end {
            let (chain, _, end) = batch.run_of(index);
            // The settings are the user's to write.
            self.text = while_judging(|| travelling(chain))?;
            self.end = end;
        }
        Ok(self.text.clone())
    }
}

/// The same one by one, each with its index and its intent, for engines that need an envelope only while
/// they write its message.
pub(crate) fn each<'a>(
    batch: &'a Batch,
    executor: &'static str,
    honoured: &'a [&'a str],
) -> impl Iterator<Item = Result<(usize, &'a Intent, Envelope), DispatchError>> {
    let now = batch.flushed_at();
    let mut policies = PoliciesOfRun { end: 0, text: None };
    let mut last: Option<(&Location<'static>, Arc<str>)> = None;
    batch.iter().enumerate().map(move |(index, intent)| {
        let checked = intent.options().check(executor, honoured);
        checked.map_err(|error| DispatchError::only(index, error))?;
        let origin = match &last {
            Some((place, origin)) if ptr::eq(*place, intent.origin()) => origin.clone(),
            _ => last.insert((intent.origin(), origin(intent))).1.clone(),
        };
        let policies = policies.at(batch, index);
        let policies = policies.map_err(|error| DispatchError::only(index, error))?;
        let envelope = Envelope::from(intent, now, origin, policies);
        Ok((index, intent, envelope.map_err(|error| DispatchError::only(index, error))?))
    })
}

//! Which messages a worker accepts.

use std::time::{Duration, SystemTime};

use crate::core::intent::Intent;
use crate::core::panics::catch;
use crate::core::policy::Policy;
use crate::core::policy::travel::arrived;
use crate::envelope::Envelope;
use crate::worker::{Inner, Settlement, log};

impl Inner {
    /// The intent of a message, or the reason why this worker does not run it.
    pub(super) fn accept(
        &self,
        envelope: &Envelope,
        attempt: u32,
        interrupted: bool,
    ) -> Result<Intent, String> {
        let task = self.registry.find(envelope.task()).map_err(|error| error.to_string())?;
        if let Some(serving) = &self.serving
            && !serving.contains(task)
        {
            return Err(format!("this worker does not serve `{task}`: add it to `.serving(…)`"));
        }
        if task.is_elsewhere() {
            return Err(format!(
                "`{task}` ({}) is a struct, which has no body here: write a function of this name under \
                 `#[airlock::task]`, or leave this queue to the workers that run it",
                task.place()
            ));
        }
        if let Some(expires) = envelope.expires()
            && expires <= SystemTime::now()
        {
            let expires = jiff::Timestamp::try_from(expires).unwrap_or_default();
            return Err(format!("it expired at {expires}"));
        }
        let attempts = self.attempts(envelope);
        if attempt > attempts && !interrupted {
            let made = attempt - 1;
            return Err(format!(
                "it has been tried {made} times, and {attempts} are allowed: raise `.max_attempts(…)`"
            ));
        }
        if attempt > attempts {
            return Err(format!(
                "the worker that made the last of {attempts} attempts did not live to say what \
                 became of it"
            ));
        }
        // The user's code reads the arguments.
        match catch(|| envelope.intent(self.registry)) {
            Ok(intent) => intent.map_err(|error| error.to_string()),
            Err(panic) => Err(format!("reading its arguments panicked: {}", panic.message())),
        }
    }

    /// The policies that have come with a message and hold for what its task enqueues; or what to do with a message
    /// under one that this worker can't put in force. It is given back, for a worker that can may be on its way, and no
    /// attempt counts.
    pub(super) fn arrived(&self, envelope: &Envelope) -> Result<Vec<Box<dyn Policy>>, Settlement> {
        let Some(policies) = envelope.raw_policies() else { return Ok(Vec::new()) };
        // The user's code reads the settings.
        let why = match catch(|| arrived(policies)) {
            Ok(Ok(policies)) => return Ok(policies),
            Ok(Err(unknown)) => unknown.to_string(),
            Err(panic) => format!("reading its policies panicked: {}", panic.message()),
        };
        let waited = envelope.due_since().elapsed().unwrap_or_default();
        if waited >= self.unknown_for {
            let given_up = format!("{why} (it was given back for {:?})", self.unknown_for);
            return Err(Settlement::Dead { reason: given_up });
        }
        let after = wait_after(waited);
        log::given_back(envelope, &why, after);
        Err(Settlement::Retry { after, reason: None })
    }

    /// How many attempts the message has.
    pub(super) fn attempts(&self, envelope: &Envelope) -> u32 {
        // A message that airlock did not write does not have its task's number.
        let own = || self.registry.find(envelope.task()).ok()?.max_attempts();
        envelope.max_attempts().or_else(own).unwrap_or(self.max_attempts).max(1)
    }
}

/// How long a message is given back that was given back before: the waits grow with the time that it has waited.
fn wait_after(waited: Duration) -> Duration {
    (waited / 2).clamp(Duration::from_secs(1), Duration::from_mins(5))
}

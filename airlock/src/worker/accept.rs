//! Which messages a worker accepts.

use std::time::SystemTime;

use crate::core::intent::Intent;
use crate::core::panics::catch;
use crate::envelope::Envelope;
use crate::worker::Inner;

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

    /// How many attempts the message has.
    pub(super) fn attempts(&self, envelope: &Envelope) -> u32 {
        // A message that airlock did not write does not have its task's number.
        let own = || self.registry.find(envelope.task()).ok()?.max_attempts();
        envelope.max_attempts().or_else(own).unwrap_or(self.max_attempts).max(1)
    }
}

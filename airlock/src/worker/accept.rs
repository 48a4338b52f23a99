//! Which messages a worker accepts.

use std::time::{Duration, SystemTime};

use crate::core::intent::Intent;
use crate::core::panics::catch;
use crate::core::policy::Policy;
use crate::core::policy::travel::arrived;
use crate::core::task::TaskInfo;
use crate::core::task::decode_error::DecodeError;
use crate::core::task::unknown_task::UnknownTask;
use crate::envelope::Envelope;
use crate::worker::{Inner, Settlement, log};

impl Inner {
    /// The intent of a message, or the reason why this worker does not run it.
    pub(super) fn accept(
        &self,
        envelope: &Envelope,
        attempt: u32,
        interrupted: bool,
    ) -> Result<Intent, Refusal> {
        let find = |error: UnknownTask| Refusal::Unknown(error.to_string());
        let task = self.registry.find(envelope.task()).map_err(find)?;
        self.check(task, envelope, attempt, interrupted)?;
        // The user's code reads the arguments.
        match catch(|| envelope.intent(self.registry)) {
            Ok(intent) => intent.map_err(|error| Refusal::of(&error)),
            Err(panic) => {
                let said = panic.message();
                Err(Refusal::Dead(format!("reading its arguments panicked: {said}")))
            }
        }
    }

    /// Why a message is not run whose task is known.
    fn check(
        &self,
        task: &'static TaskInfo,
        envelope: &Envelope,
        attempt: u32,
        interrupted: bool,
    ) -> Result<(), String> {
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
        Ok(())
    }

    /// What becomes of a message that this binary does not know. It is given back, for one that does may be on its way,
    /// and no attempt counts; a message of which nobody can tell how long it has waited is a dead letter at once.
    pub(super) fn unknown(&self, due_since: Option<SystemTime>, why: String) -> Settlement {
        let waited = due_since.map(|since| since.elapsed().unwrap_or_default());
        match waited {
            Some(waited) if waited < self.unknown_for => {
                let after = wait_after(waited);
                log::given_back(&why, after);
                Settlement::Retry { after, reason: None }
            }
            Some(_) if !self.unknown_for.is_zero() => {
                let unknown_for = self.unknown_for;
                let given_up = format!("{why} (it was given back for {unknown_for:?})");
                Settlement::Dead { reason: given_up }
            }
            _ => Settlement::Dead { reason: why },
        }
    }

    /// How many attempts the message has.
    pub(super) fn attempts(&self, envelope: &Envelope) -> u32 {
        // A message that airlock did not write does not have its task's number.
        let own = || self.registry.find(envelope.task()).ok()?.max_attempts();
        envelope.max_attempts().or_else(own).unwrap_or(self.max_attempts).max(1)
    }
}

/// The policies that have come with a message and hold for what its task enqueues; or why this worker can't put
/// them in force.
pub(super) fn policies(envelope: &Envelope) -> Result<Vec<Box<dyn Policy>>, Refusal> {
    let Some(list) = envelope.raw_policies() else { return Ok(Vec::new()) };
    // The user's code reads the settings.
    match catch(|| arrived(list)) {
        Ok(arrived) => arrived.map_err(|unknown| Refusal::Unknown(unknown.to_string())),
        Err(panic) => {
            let said = panic.message();
            Err(Refusal::Unknown(format!("reading its policies panicked: {said}")))
        }
    }
}

/// How long a message is given back that was given back before: the waits grow with the time that it has waited.
fn wait_after(waited: Duration) -> Duration {
    (waited / 2).clamp(Duration::from_secs(1), Duration::from_mins(5))
}

/// Why a worker does not run a message.
pub(super) enum Refusal {
    /// It never will.
    Dead(String),
    /// Another version of the program may.
    Unknown(String),
}

impl From<String> for Refusal {
    fn from(why: String) -> Self {
        Self::Dead(why)
    }
}

impl Refusal {
    /// An argument of a name or a type that this binary does not have is one of another version of its task.
    fn of(error: &DecodeError) -> Self {
        let why = error.to_string();
        match error {
            DecodeError::UnknownTask(_)
            | DecodeError::MissingArgument { .. }
            | DecodeError::SurplusArgument { .. }
            | DecodeError::MistypedArgument { .. } => Self::Unknown(why),
            _ => Self::Dead(why),
        }
    }
}

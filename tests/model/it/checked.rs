//! What must be so in every state.

use airlock_protocol::{Place, Protocol, State, Step};
use stateright::{Model, Property};

pub(crate) const HELD: &str = "what begins is held by the worker that begins it";
pub(crate) const SETTLED: &str = "what is settled is held by the worker that settles it";
pub(crate) const BEGUN: &str = "no message is begun more often than is promised";
pub(crate) const FOUND: &str = "what a worker holds is found when that is lost";
pub(crate) const KNOWN: &str = "what a worker holds after a heartbeat it knows";
pub(crate) const PATIENT: &str = "after an outage or a step of the clock the living have time to say so";

/// The protocol, for stateright.
pub(crate) struct Checked(pub(crate) Protocol);

impl Model for Checked {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        vec![self.0.initial().canonical(self.0.rules)]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        self.0.steps(state, steps);
    }

    fn next_state(&self, state: &State, step: Step) -> Option<State> {
        let mut next = state.clone();
        self.0.take(&mut next, step);
        (next != *state).then(|| next.canonical(self.0.rules))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(HELD, |_, state: &State| !state.history.begun_unheld),
            Property::always(SETTLED, |_, state: &State| !state.history.settled_unheld),
            // An attempt but the last may go uncounted once, when its worker is lost before it has told the engine. What was
            // interrupted is reported before it begins.
            Property::always(BEGUN, |model: &Self, state: &State| {
                let most = 2 * model.0.rules.attempts - 1;
                state.history.begun.iter().all(|begun| *begun <= most)
            }),
            Property::always(FOUND, |_, state: &State| {
                state.messages.iter().all(|message| match message.place {
                    Place::Held { by } => state.seen[usize::from(by)].is_some(),
                    Place::Queued | Place::Done | Place::Dead => true,
                })
            }),
            Property::always(KNOWN, |_, state: &State| !state.history.forgotten),
            Property::always(PATIENT, |_, state: &State| !state.history.hasty),
            Property::sometimes("all are done", |_, state: &State| {
                state.messages.iter().all(|message| message.place == Place::Done)
            }),
            Property::sometimes("one is a dead letter", |_, state: &State| {
                state.messages.iter().any(|message| message.place == Place::Dead)
            }),
        ]
    }
}

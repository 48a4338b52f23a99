//! The programs through scopes of closures.

use serde_json::{Value, json};

use super::program::{End, FlushWhen, OnError, Scenario, Statement};
use super::world::{self, Error, Outcome, Trace};

pub(super) fn run(scenario: &Scenario) -> Vec<Value> {
    let trace = Trace::default();
    // An error that leaves the whole program has been traced by what it passed.
    let _left = body(&trace, &scenario.program);
    trace.into_events()
}

fn body(trace: &Trace, statements: &[Statement]) -> Outcome {
    statements.iter().try_for_each(|statement| execute(trace, statement))
}

fn execute(trace: &Trace, statement: &Statement) -> Outcome {
    match statement {
        Statement::Enqueue { task, arg, on_error } => {
            let Err(error) = world::enqueue(*task, *arg).map_err(Error::from) else {
                return Ok(());
            };
            trace.push(json!(["rejected", world::name(*task), arg, error.why()]));
            match on_error {
                OnError::Propagate => Err(error),
                OnError::Ignore => Ok(()),
            }
        }
        Statement::Raise => Err(Error::Raise),
        Statement::Inspect => {
            trace.push(world::inspect());
            Ok(())
        }
        Statement::Local { policy, body: inner } => {
            airlock::policy(world::policy(policy)).run(|| body(trace, inner))
        }
        Statement::Scope { policy, release, flush_when, body: inner } => {
            let scope = world::scope(trace, policy, release);
            let scope = match flush_when {
                FlushWhen::Ok => scope,
                FlushWhen::Always => scope.flush_if(|_| true),
                FlushWhen::Never => scope.flush_if(|_| false),
            };
            scope.run(|| body(trace, inner))?
        }
        Statement::Manual { policy, release, end, body: inner } => {
            let scope = world::scope(trace, policy, release);
            let (outcome, sealed) = scope.seal(|| body(trace, inner));
            if outcome.is_err() {
                sealed.discard();
                return outcome;
            }
            trace.push(match end {
                End::Flush => world::flushed(&sealed.flush()?),
                End::Discard => world::discarded(&sealed.discard()),
            });
            Ok(())
        }
        Statement::Try { body: inner } => {
            if let Err(error) = body(trace, inner) {
                trace.push(json!(["caught", error.why()]));
            }
            Ok(())
        }
    }
}

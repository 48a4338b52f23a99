//! The programs through scopes of futures: all at once on a runtime of many threads, giving way at
//! every statement, so that each is polled by turns with all the others.

use std::collections::HashMap;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::program::{End, FlushWhen, OnError, Scenario, Statement};
use super::world::{self, Error, Outcome, Trace};

pub(super) fn run_all(
    scenarios: &[Scenario],
    trace: impl Fn() -> Trace,
) -> HashMap<String, Vec<Value>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build();
    runtime.expect("threads can be started").block_on(async {
        let runs: Vec<_> = scenarios
            .iter()
            .map(|scenario| {
                let (id, program) = (scenario.id.clone(), scenario.program.clone());
                let trace = trace();
                tokio::spawn(async move { (id, run(trace, &program).await) })
            })
            .collect();
        let mut traces = HashMap::new();
        for run in runs {
            let (id, trace) = run.await.expect("no program panics");
            traces.insert(id, trace);
        }
        traces
    })
}

async fn run(trace: Trace, program: &[Statement]) -> Vec<Value> {
    let _left = body(&trace, program).await;
    trace.into_events()
}

fn body<'a>(trace: &'a Trace, statements: &'a [Statement]) -> BoxFuture<'a, Outcome> {
    async move {
        for statement in statements {
            tokio::task::yield_now().await;
            execute(trace, statement).await?;
        }
        tokio::task::yield_now().await;
        Ok(())
    }
    .boxed()
}

async fn execute(trace: &Trace, statement: &Statement) -> Outcome {
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
            airlock::policy(world::policy(policy)).run_async(body(trace, inner)).await
        }
        Statement::Scope { policy, release, flush_when, body: inner } => {
            let scope = world::scope(trace, policy, release);
            let scope = match flush_when {
                FlushWhen::Ok => scope,
                FlushWhen::Always => scope.flush_if(|_| true),
                FlushWhen::Never => scope.flush_if(|_| false),
            };
            scope.run_async(body(trace, inner)).await?
        }
        Statement::Manual { policy, release, end, body: inner } => {
            let scope = world::scope(trace, policy, release);
            let (outcome, sealed) = scope.seal_async(body(trace, inner)).await;
            if outcome.is_err() {
                sealed.discard();
                return outcome;
            }
            trace.push(match end {
                End::Flush => world::flushed(&sealed.flush_async().await?),
                End::Discard => world::discarded(&sealed.discard()),
            });
            Ok(())
        }
        Statement::Try { body: inner } => {
            if let Err(error) = body(trace, inner).await {
                trace.push(json!(["caught", error.why()]));
            }
            Ok(())
        }
    }
}

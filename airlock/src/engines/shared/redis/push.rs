//! Pushing a batch to lists.

use std::fmt;
use std::ops::Range;

use ::redis::{RedisResult, Value};

use super::step::{Run, Step};
use super::{Server, SharedFailure, StepOutcome, Steps};
use crate::core::cut::cut;
use crate::core::executor::{Batch, DispatchError};
use crate::core::task::called::BoxError;

impl Server {
    /// Pushes a batch to its lists, in order and step by step, and notes the duplicates.
    pub(crate) async fn push(&self, steps: Steps, batch: &mut Batch) -> Result<(), DispatchError> {
        let steps = steps.steps.into_iter().map(|step| {
            let server = self.clone();
            (step.messages, async move { server.push_step(step).await })
        });
        self.run_steps(steps, batch).await
    }

    /// Pushes messages in one transaction.
    async fn push_step(&self, step: Step) -> Result<StepOutcome, BoxError> {
        let mut pipeline = ::redis::pipe();
        pipeline.atomic().ignore_errors();
        let mut runs = Vec::with_capacity(step.runs.len());
        for Run { unique, messages, commands, .. } in step.runs {
            runs.push((unique, messages, commands.len()));
            for command in commands {
                pipeline.add_command(command);
            }
        }
        let mut connection = self.connection().await?;
        let results: RedisResult<Vec<RedisResult<Value>>> =
            pipeline.query_async(&mut connection).await;
        let mut results = match results {
            Ok(results) => results.into_iter(),
            Err(error) => return Err(self.send_error(&error).await),
        };
        let (mut outcome, mut begun) = (StepOutcome::default(), 0);
        for (unique, messages, commands) in runs {
            // All of a run's answers are taken before any is read: else the next run would get the rest.
            let answers: Vec<_> = results.by_ref().take(commands).collect();
            let answers: RedisResult<Vec<Value>> = answers.into_iter().collect();
            outcome.note(begun..begun + messages, unique, answers, &self.address());
            begun += messages;
        }
        if let Some((_, error)) = outcome.failed.first() {
            self.note(&error.to_string()).await;
        }
        Ok(outcome)
    }
}

impl StepOutcome {
    /// Notes the server's answers to a run of messages.
    fn note(
        &mut self,
        run: Range<usize>,
        unique: bool,
        answers: RedisResult<Vec<Value>>,
        address: &str,
    ) {
        let failed = |error: &dyn fmt::Display| {
            SharedFailure::new(format_args!("{address}: {}", cut(error)))
        };
        let answer = answers.map(|mut answers| answers.pop().unwrap_or(Value::Nil));
        let read = |answer| ::redis::from_redis_value::<(Vec<usize>, Vec<usize>, String)>(answer);
        match answer {
            Ok(answer) if unique => match read(answer) {
                Ok((duplicates, refused, error)) => {
                    let begun = run.start;
                    self.duplicates.extend(duplicates.into_iter().map(|index| begun + index));
                    let error = failed(&error);
                    let refused = refused.into_iter();
                    let refused = refused.map(|index| (begun + index, error.clone().into()));
                    self.failed.extend(refused);
                }
                Err(error) => self.fail(run, &failed(&error)),
            },
            Ok(_) => {}
            Err(error) => self.fail(run, &failed(&error)),
        }
    }

    fn fail(&mut self, run: Range<usize>, failure: &SharedFailure) {
        self.failed.extend(run.map(|index| (index, failure.clone().into())));
    }
}

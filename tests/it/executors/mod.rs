//! Executors: what they are given, what they answer, and executors made of executors.

mod batches;
mod closures;
mod composed;
mod expiry;
mod fallback;
mod in_doubt;
mod inline;
mod options;
mod retry;
mod route;
mod thread_pool;
mod timeout;
mod tokio_tasks;

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use airlock::{Backoff, Batch, DispatchError, Executor, FlushError, Intent, OnFailure};
use futures::future::BoxFuture;

use crate::support::{Ran, quiet, yield_once};

pub(crate) type Answer = Result<(), DispatchError>;

/// Notes each batch as one line, and answers it with the next answer; with the last for ever.
struct Answers {
    ran: Ran,
    answers: Mutex<VecDeque<fn() -> Answer>>,
}

impl Answers {
    fn new<const N: usize>(ran: &Ran, answers: [fn() -> Answer; N]) -> Self {
        Self { ran: ran.clone(), answers: Mutex::new(answers.into_iter().collect()) }
    }
}

impl Executor for Answers {
    async fn dispatch(&self, batch: &mut Batch) -> Answer {
        let numbers: Vec<_> = batch.iter().map(|intent| number(intent).to_string()).collect();
        self.ran.push(numbers.join(" "));
        yield_once().await;
        let answer = {
            let mut answers = self.answers.lock().expect("not poisoned");
            if answers.len() > 1 { answers.pop_front() } else { answers.front().copied() }
        };
        answer.expect("there is one")()
    }
}

struct Never;

impl Executor for Never {
    async fn dispatch(&self, _: &mut Batch) -> Answer {
        std::future::pending().await
    }
}

pub(crate) fn number(intent: &Intent) -> u64 {
    intent.arguments()["n"].as_u64().expect("each task here has a number")
}

pub(crate) fn numbers(intents: &[Intent]) -> Vec<u64> {
    intents.iter().map(number).collect()
}

fn shortly() -> Backoff {
    Backoff::new(Duration::from_millis(1))
}

fn flush(executor: impl Executor, intents: u64) -> Result<(), FlushError> {
    flush_with(executor, OnFailure::Stop, intents)
}

fn flush_with(
    executor: impl Executor,
    on_failure: OnFailure,
    intents: u64,
) -> Result<(), FlushError> {
    let scope = airlock::scope().executor(executor).on_failure(on_failure);
    scope.run(|| (0..intents).try_for_each(quiet::enqueue)).map(|done| done.expect("enqueued"))
}

/// What became of each intent, without the task's name.
fn became(error: &FlushError) -> Vec<String> {
    error.report().entries().iter().map(|entry| entry.fate().to_string()).collect()
}

fn third(remainder: u64) -> impl Fn(&Intent) -> bool + Send + Sync + 'static {
    move |intent| number(intent) % 3 == remainder
}

#[airlock::task]
pub(crate) async fn hang(n: u64) {
    std::future::pending::<()>().await;
    unreachable!("{n} waits for ever");
}

/// An executor of any type, as a user may have one.
#[derive(Clone)]
pub(crate) struct Any(pub(crate) Arc<dyn Erased>);

pub(crate) trait Erased: Send + Sync {
    fn erased<'a>(&'a self, batch: &'a mut Batch) -> BoxFuture<'a, Answer>;
}

impl<E: Executor> Erased for E {
    fn erased<'a>(&'a self, batch: &'a mut Batch) -> BoxFuture<'a, Answer> {
        Box::pin(self.dispatch(batch))
    }
}

impl Executor for Any {
    async fn dispatch(&self, batch: &mut Batch) -> Answer {
        let dispatch: Pin<Box<dyn Future<Output = Answer> + Send>> = self.0.erased(batch);
        dispatch.await
    }
}

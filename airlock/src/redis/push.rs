//! Batches that leave for lists, step by step.

use std::time::{Duration, SystemTime};

use ::redis::{Pipeline, RedisError, RedisResult, Value};

use super::Server;
use crate::executor::{Batch, DispatchError};
use crate::private::BoxError;

/// How many messages are sent in one step, which keeps other clients of the server waiting.
const STEP: usize = 10_000;

/// How long a unique key is taken, counted from when its message may run.
pub(crate) const UNIQUE_FOR: Duration = Duration::from_hours(1);

/// The longest that Redis is asked to keep a key, in milliseconds: it takes no more than a moment's
/// distance that fits a signed number.
const FOR_EVER: u64 = 1 << 52;

/// A message for a list.
pub(crate) struct Outgoing {
    pub(crate) list: String,
    pub(crate) id: String,
    pub(crate) body: Vec<u8>,
    pub(crate) unique: Option<UniqueKey>,
}

/// A key that is taken for a message, and how long it is kept at most.
pub(crate) struct UniqueKey {
    pub(crate) key: String,
    pub(crate) kept: Duration,
}

impl UniqueKey {
    /// The key that stands for an intent's unique key. It is kept for `kept` after the message is
    /// `due`.
    pub(crate) fn of(key: &str, due: Option<SystemTime>, kept: Duration) -> Self {
        let wait = due.and_then(|due| due.duration_since(SystemTime::now()).ok());
        Self { key: Self::name(key), kept: kept.saturating_add(wait.unwrap_or_default()) }
    }

    /// The key in Redis.
    pub(crate) fn name(key: &str) -> String {
        format!("airlock:unique:{key}")
    }
}

impl Server {
    /// Puts a batch into lists, in order and step by step; notes the duplicates.
    ///
    /// It goes on in the server's own runtime, also if the caller is dropped half-way.
    pub(crate) async fn push(
        &self,
        layout: &'static Layout,
        messages: Vec<Outgoing>,
        batch: &mut Batch,
    ) -> Result<(), DispatchError> {
        let (mut begun, mut failures) = (0, Vec::new());
        let mut messages = messages.into_iter();
        while messages.len() > 0 {
            let step: Vec<_> = messages.by_ref().take(STEP).collect();
            let end = begun + step.len();
            let server = self.clone();
            match self.spawn(async move { server.step(layout, &step).await }).await {
                Ok(Step { left_out, failed }) => {
                    for index in left_out {
                        batch.left_out(begun + index);
                    }
                    failures.extend(failed.into_iter().map(|(index, said)| (begun + index, said)));
                }
                Err(error) if end == batch.len() && begun == 0 => {
                    return Err(DispatchError::all(error));
                }
                Err(error) => {
                    let said = error.to_string();
                    failures.extend((begun..end).map(|index| (index, said.clone().into())));
                    return Err(DispatchError::until(end, failures));
                }
            }
            begun = end;
        }
        DispatchError::each(failures)
    }

    /// Pushes messages in one transaction: of each run for one list with one command, for a script
    /// takes several times as long.
    async fn step(&self, layout: &Layout, messages: &[Outgoing]) -> Result<Step, BoxError> {
        let together = |a: &Outgoing, b: &Outgoing| match (&a.unique, &b.unique) {
            (None, None) => a.list == b.list,
            (a, b) => a.is_some() && b.is_some(),
        };
        let mut pipeline = ::redis::pipe();
        pipeline.atomic().ignore_errors();
        for run in messages.chunk_by(together) {
            if run[0].unique.is_none() {
                (layout.push)(&mut pipeline, &run[0].list, run);
            } else {
                push_unique(&mut pipeline, layout, run);
            }
        }
        let mut connection = self.connection().await?;
        let results: RedisResult<Vec<RedisResult<Value>>> =
            pipeline.query_async(&mut connection).await;
        let mut results = match results {
            Ok(results) => results.into_iter(),
            Err(error) => return Err(self.unanswered(&error).await),
        };
        let (mut step, mut begun) = (Step::default(), 0);
        for run in messages.chunk_by(together) {
            let commands = if run[0].unique.is_none() { layout.commands } else { 1 };
            // All are taken before they are looked at: else the next run would read what is left of these.
            let answers: Vec<_> = results.by_ref().take(commands).collect();
            let answers: RedisResult<Vec<Value>> = answers.into_iter().collect();
            step.note(begun, run, answers, &self.place());
            begun += run.len();
        }
        Ok(step)
    }

    async fn unanswered(&self, error: &RedisError) -> BoxError {
        let said = self.trouble(error).await;
        if error.is_io_error() {
            format!("it was sent but not confirmed, and may have arrived: {said}").into()
        } else {
            said
        }
    }
}

/// How messages lie in Redis.
pub(crate) struct Layout {
    /// Adds the commands that push messages into a list.
    pub(crate) push: fn(&mut Pipeline, &str, &[Outgoing]),
    /// How many these are.
    pub(crate) commands: usize,
    /// The same as a function of Lua, `push(list, id, body)`, which returns an error as a value.
    pub(crate) script: &'static str,
}

/// Takes list, id, body, unique key and how long to keep it, of one message after another. A message
/// that can't be pushed fails alone, for Redis doesn't undo what a script has done before an error.
const PUSH_UNIQUE: &str = "
local left_out, failed, said = {}, {}, ''
for i = 1, #ARGV, 5 do
  local list, id, body, unique, kept = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
  local index = (i - 1) / 5
  if not redis.call('SET', unique, id, 'NX', 'PX', kept) then
    left_out[#left_out + 1] = index
  else
    local pushed = push(list, id, body)
    if type(pushed) == 'table' and pushed.err then
      redis.call('DEL', unique)
      failed[#failed + 1] = index
      said = pushed.err
    end
  end
end
return { left_out, failed, said }
";

fn push_unique(pipeline: &mut Pipeline, layout: &Layout, run: &[Outgoing]) {
    pipeline.cmd("EVAL").arg(format!("{}\n{PUSH_UNIQUE}", layout.script)).arg(0);
    for Outgoing { list, id, body, unique } in run {
        let Some(UniqueKey { key, kept }) = unique else { continue };
        let kept = u64::try_from(kept.as_millis()).unwrap_or(u64::MAX).clamp(1, FOR_EVER);
        pipeline.arg(list).arg(id).arg(body).arg(key).arg(kept);
    }
}

/// What became of the messages of one step, by their numbers.
#[derive(Default)]
struct Step {
    left_out: Vec<usize>,
    failed: Vec<(usize, BoxError)>,
}

impl Step {
    /// Notes what the server answered to a run that begins at this number.
    fn note(
        &mut self,
        begun: usize,
        run: &[Outgoing],
        answers: RedisResult<Vec<Value>>,
        place: &str,
    ) {
        let failed = |said: &str| format!("{place}: {said}").into();
        let answer = answers.map(|mut answers| answers.pop().unwrap_or(Value::Nil));
        let unique = run[0].unique.is_some();
        let read = |answer| ::redis::from_redis_value::<(Vec<usize>, Vec<usize>, String)>(answer);
        match answer {
            Ok(answer) if unique => match read(answer) {
                Ok((left_out, refused, said)) => {
                    self.left_out.extend(left_out.into_iter().map(|index| begun + index));
                    let refused = refused.into_iter().map(|index| (begun + index, failed(&said)));
                    self.failed.extend(refused);
                }
                Err(error) => self.note_all(begun, run, || failed(&error.to_string())),
            },
            Ok(_) => {}
            Err(error) => self.note_all(begun, run, || failed(&error.to_string())),
        }
    }

    fn note_all(&mut self, begun: usize, run: &[Outgoing], failed: impl Fn() -> BoxError) {
        self.failed.extend((begun..begun + run.len()).map(|index| (index, failed())));
    }
}

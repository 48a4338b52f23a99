//! Batches that leave for lists, step by step.

use std::ops::Range;
use std::time::{Duration, SystemTime};

use ::redis::{Cmd, RedisResult, Value};
use uuid::Uuid;

use super::{Answer, Room, Server};
use crate::core::executor::{Batch, DispatchError};
use crate::core::task::called::BoxError;

/// How long a unique key is taken, counted from when its message may run.
pub(crate) const UNIQUE_FOR: Duration = Duration::from_hours(1);

/// The longest that Redis is asked to keep a key, in milliseconds: it takes no more than a moment's
/// distance that fits a signed number.
const FOR_EVER: u64 = 1 << 52;

/// A message for a list.
pub(crate) struct Outgoing<'a> {
    pub(crate) list: &'a str,
    pub(crate) id: Uuid,
    pub(crate) body: &'a [u8],
    pub(crate) unique: Option<UniqueKey>,
}

/// A key that is taken for a message, and how long it is kept at most.
pub(crate) struct UniqueKey {
    pub(crate) key: String,
    pub(crate) kept: Duration,
}

impl UniqueKey {
    /// The key that stands for an intent's unique key in a queue. It is kept for `kept` after the
    /// message is `due`.
    pub(crate) fn of(queue: &str, key: &str, due: Option<SystemTime>, kept: Duration) -> Self {
        let wait = due.and_then(|due| due.duration_since(SystemTime::now()).ok());
        Self { key: Self::name(queue, key), kept: kept.saturating_add(wait.unwrap_or_default()) }
    }

    /// The key in Redis. With its length, a queue does not end in what another one's key begins with.
    pub(crate) fn name(queue: &str, key: &str) -> String {
        format!("airlock:unique:{}:{queue}:{key}", queue.len())
    }
}

impl Server {
    /// Puts a batch into lists, in order and step by step; notes the duplicates.
    pub(crate) async fn push(&self, steps: Steps, batch: &mut Batch) -> Result<(), DispatchError> {
        let steps = steps.steps.into_iter().map(|step| {
            let server = self.clone();
            (step.messages, async move { server.step(step).await })
        });
        self.take(steps, batch).await
    }

    /// Pushes messages in one transaction.
    async fn step(&self, step: Step) -> Result<Answer, BoxError> {
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
            Err(error) => return Err(self.unanswered(&error).await),
        };
        let (mut answer, mut begun) = (Answer::default(), 0);
        for (unique, messages, commands) in runs {
            // All are taken before they are looked at: else the next run would read what is left of these.
            let answers: Vec<_> = results.by_ref().take(commands).collect();
            let answers: RedisResult<Vec<Value>> = answers.into_iter().collect();
            answer.note(begun..begun + messages, unique, answers, &self.place());
            begun += messages;
        }
        Ok(answer)
    }
}

/// How messages lie in Redis.
pub(crate) struct Layout {
    /// The commands that push messages into a list.
    pub(crate) commands: fn(&str) -> Vec<Cmd>,
    /// Adds a message to them.
    pub(crate) add: fn(&mut [Cmd], &Outgoing<'_>),
    /// The same as a function of Lua, `push(list, id, body)`, which returns an error as a value.
    pub(crate) script: &'static str,
}

/// Messages that leave in one transaction.
#[derive(Default)]
pub(crate) struct Step {
    runs: Vec<Run>,
    messages: usize,
    room: Room,
}

/// Messages in a row that leave with the same commands: those for one list, and those with unique
/// keys, for which there is a script. It takes several times as long.
struct Run {
    list: String,
    unique: bool,
    commands: Vec<Cmd>,
    messages: usize,
}

/// The commands of all steps. A message goes into its command as soon as it is made, so that a batch is in
/// memory once.
pub(crate) struct Steps {
    layout: &'static Layout,
    steps: Vec<Step>,
}

impl Steps {
    pub(crate) fn new(layout: &'static Layout) -> Self {
        Self { layout, steps: Vec::new() }
    }

    pub(crate) fn add(&mut self, message: &Outgoing<'_>) {
        let bytes = message.body.len();
        if !self.steps.last_mut().is_some_and(|step| step.room.take(bytes)) {
            let mut step = Step::default();
            step.room.take(bytes);
            self.steps.push(step);
        }
        if let Some(step) = self.steps.last_mut() {
            step.add(self.layout, message);
        }
    }
}

impl Step {
    fn add(&mut self, layout: &Layout, message: &Outgoing<'_>) {
        let unique = message.unique.is_some();
        let fits = |run: &Run| run.unique == unique && (unique || run.list == message.list);
        if !self.runs.last().is_some_and(fits) {
            self.runs.push(Run::new(layout, unique, message.list.to_owned()));
        }
        if let Some(run) = self.runs.last_mut() {
            run.add(layout, message);
            self.messages += 1;
        }
    }
}

impl Run {
    fn new(layout: &Layout, unique: bool, list: String) -> Self {
        let commands = if unique {
            let mut script = ::redis::cmd("EVAL");
            script.arg(format!("{}\n{PUSH_UNIQUE}", layout.script)).arg(0);
            vec![script]
        } else {
            (layout.commands)(&list)
        };
        Self { list, unique, commands, messages: 0 }
    }

    fn add(&mut self, layout: &Layout, message: &Outgoing<'_>) {
        self.messages += 1;
        match (&message.unique, &mut *self.commands) {
            (Some(UniqueKey { key, kept }), [script]) => {
                let kept = u64::try_from(kept.as_millis()).unwrap_or(u64::MAX).clamp(1, FOR_EVER);
                let id = message.id.to_string();
                script.arg(message.list).arg(id).arg(message.body).arg(key).arg(kept);
            }
            (_, commands) => (layout.add)(commands, message),
        }
    }
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

impl Answer {
    /// Notes what the server answered to a run of messages.
    fn note(
        &mut self,
        run: Range<usize>,
        unique: bool,
        answers: RedisResult<Vec<Value>>,
        place: &str,
    ) {
        let failed = |said: &str| format!("{place}: {said}").into();
        let answer = answers.map(|mut answers| answers.pop().unwrap_or(Value::Nil));
        let read = |answer| ::redis::from_redis_value::<(Vec<usize>, Vec<usize>, String)>(answer);
        match answer {
            Ok(answer) if unique => match read(answer) {
                Ok((left_out, refused, said)) => {
                    let begun = run.start;
                    self.left_out.extend(left_out.into_iter().map(|index| begun + index));
                    let refused = refused.into_iter().map(|index| (begun + index, failed(&said)));
                    self.failed.extend(refused);
                }
                Err(error) => {
                    self.failed.extend(run.map(|index| (index, failed(&error.to_string()))));
                }
            },
            Ok(_) => {}
            Err(error) => self.failed.extend(run.map(|index| (index, failed(&error.to_string())))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_of_large_messages_leaves_in_more_steps() {
        let layout =
            Layout { commands: |_| vec![::redis::cmd("PING")], add: |_, _| {}, script: "" };
        let mut steps = Steps::new(Box::leak(Box::new(layout)));
        let body = vec![0; 16 << 20];
        for _ in 0..9 {
            let id = Uuid::now_v7();
            steps.add(&Outgoing { list: "celery", id, body: &body, unique: None });
        }
        let messages: Vec<_> = steps.steps.iter().map(|step| step.messages).collect();
        assert_eq!(messages, [4, 4, 1]);
    }
}

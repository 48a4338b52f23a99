//! The commands that send messages to lists, step by step.

use ::redis::Cmd;
use uuid::Uuid;

use super::{StepBudget, UniqueKey};

/// Sends messages with unique keys. It comes behind a layout's `push`.
const PUSH_UNIQUE: &str = include_str!("lua/push_unique.lua");

/// A message for a list.
pub(crate) struct ListMessage<'a> {
    pub(crate) list: &'a str,
    pub(crate) id: Uuid,
    pub(crate) body: &'a [u8],
    pub(crate) unique: Option<UniqueKey>,
}

/// How an engine lays messages out in Redis.
pub(crate) struct Layout {
    /// The commands that push messages into a list.
    pub(crate) commands: fn(&str) -> Vec<Cmd>,
    /// Adds a message to them.
    pub(crate) add: fn(&mut [Cmd], &ListMessage<'_>),
    /// The same as a function of Lua, `push(list, id, body)`, which returns an error as a value.
    pub(crate) script: &'static str,
}

/// Messages that are sent in one transaction.
#[derive(Default)]
pub(super) struct Step {
    pub(super) runs: Vec<Run>,
    pub(super) messages: usize,
    budget: StepBudget,
}

/// Messages in a row that are sent with the same commands: messages for one list, or messages with unique
/// keys, which a script sends. The script takes several times as long.
pub(super) struct Run {
    list: String,
    pub(super) unique: bool,
    pub(super) commands: Vec<Cmd>,
    pub(super) messages: usize,
}

/// The commands of all steps. A message is written into its command as soon as it is made, so that a batch
/// is in memory once.
pub(crate) struct Steps {
    layout: &'static Layout,
    pub(super) steps: Vec<Step>,
}

impl Steps {
    pub(crate) fn new(layout: &'static Layout) -> Self {
        Self { layout, steps: Vec::new() }
    }

    pub(crate) fn add(&mut self, message: &ListMessage<'_>) {
        let bytes = message.body.len();
        if !self.steps.last_mut().is_some_and(|step| step.budget.add(bytes)) {
            let mut step = Step::default();
            step.budget.add(bytes);
            self.steps.push(step);
        }
        if let Some(step) = self.steps.last_mut() {
            step.add(self.layout, message);
        }
    }
}

impl Step {
    fn add(&mut self, layout: &Layout, message: &ListMessage<'_>) {
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

    fn add(&mut self, layout: &Layout, message: &ListMessage<'_>) {
        self.messages += 1;
        match (&message.unique, &mut *self.commands) {
            (Some(unique), [script]) => {
                let id = message.id.to_string();
                script.arg(message.list).arg(id).arg(message.body);
                script.arg(&unique.key).arg(unique.expiry());
            }
            (_, commands) => (layout.add)(commands, message),
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
            steps.add(&ListMessage { list: "celery", id, body: &body, unique: None });
        }
        let messages: Vec<_> = steps.steps.iter().map(|step| step.messages).collect();
        assert_eq!(messages, [4, 4, 1]);
    }
}

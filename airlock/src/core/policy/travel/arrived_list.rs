//! A block list or an allow list that has come with a message. Its tasks are names: what another binary knows, this one
//! need not, and hands on all the same.

use std::borrow::Cow;

use rustc_hash::FxHashSet;
use serde::Deserialize;

use crate::core::intent::Intent;
use crate::core::policy::{Policy, PolicyViolation, Travel, Verdict};

/// The tasks of a list, as they travel.
#[derive(Deserialize)]
struct Listed {
    tasks: FxHashSet<String>,
    #[serde(default)]
    refuse: bool,
}

/// Which list it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Block,
    AllowOnly,
}

impl List {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Block => "BlockTasks",
            Self::AllowOnly => "AllowOnly",
        }
    }
}

/// The policy that a list is where it arrives.
pub(super) struct ArrivedList {
    list: List,
    tasks: FxHashSet<String>,
    refuse: bool,
}

impl ArrivedList {
    pub(super) fn read(list: List, settings: &str) -> serde_json::Result<Box<dyn Policy>> {
        let Listed { tasks, refuse } = serde_json::from_str(settings)?;
        Ok(Box::new(Self { list, tasks, refuse }))
    }

    fn blocks(&self, intent: &Intent) -> bool {
        let mut former = intent.task().also().iter();
        let listed =
            self.tasks.contains(intent.name()) || former.any(|name| self.tasks.contains(*name));
        listed == (self.list == List::Block)
    }
}

impl Policy for ArrivedList {
    fn on_enqueue(&self, intent: &Intent) -> Result<(), PolicyViolation> {
        if self.refuse && self.blocks(intent) {
            return Err(PolicyViolation::new(match self.list {
                List::Block => "the task is on the block list",
                List::AllowOnly => "the task is not on the allow list",
            }));
        }
        Ok(())
    }

    fn allows(&self, intent: &Intent) -> Verdict {
        if self.blocks(intent) { Verdict::Drop } else { Verdict::Allow }
    }

    fn name(&self) -> Cow<'static, str> {
        self.list.name().into()
    }

    fn travel(&self) -> Travel {
        let mut tasks: Vec<_> = self.tasks.iter().map(String::as_str).collect();
        tasks.sort_unstable();
        Travel::of_names(self.list.name(), &tasks, self.refuse)
    }
}

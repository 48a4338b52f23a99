//! What differs between two manifests, in the words of `docs/envelope.md`.

mod arguments;
mod fits;
mod options;
mod tasks;

use std::fmt::Display;

use self::arguments::Written;
use super::read::{Task, Tasks};

/// Lines, each about one difference.
#[derive(Default)]
pub(super) struct Differences {
    /// A message in flight is rejected.
    breaking: Vec<String>,
    /// A message in flight is read.
    compatible: Vec<String>,
    /// A task goes by its function's path, which no update of the file changes.
    unnamed: Vec<String>,
}

impl Differences {
    pub(super) fn between(was: &Tasks, is: &Tasks) -> Self {
        let mut all = Self::of_names(is);
        tasks::compare(&mut all, was, is);
        for (name, is) in &is.0 {
            if let Some(was) = was.0.get(name) {
                all.of_task(name, was, is);
            }
        }
        all
    }

    /// What needs no other manifest.
    pub(super) fn of_names(is: &Tasks) -> Self {
        let mut all = Self::default();
        for (name, task) in is.0.iter().filter(|(_, task)| task.default_name) {
            let write = Written::of(task).option(&format!("name = {name:?}"));
            all.unnamed.push(format!(
                "`{name}` goes by its function's path: once that moves, a message in flight is rejected as an unknown \
                 task; write {write}, which it is called now"
            ));
        }
        all
    }

    fn of_task(&mut self, name: &str, was: &Task, is: &Task) {
        let before = self.len();
        arguments::compare(self, name, was, is);
        options::compare(self, name, was, is);
        if was.json != is.json && self.len() == before {
            self.compatible(format!(
                "`{name}` is written otherwise, as by another release or with other features of airlock"
            ));
        }
    }

    fn breaking(&mut self, line: String) {
        self.breaking.push(line);
    }

    fn compatible(&mut self, line: String) {
        self.compatible.push(line);
    }

    fn len(&self) -> usize {
        self.breaking.len() + self.compatible.len()
    }

    /// Says them all.
    ///
    /// # Errors
    ///
    /// The text, where there is any.
    pub(super) fn told(&self, file: &impl Display) -> Result<(), String> {
        let update = "run the test with AIRLOCK_MANIFEST=update and commit the file";
        let mut parts = Vec::new();
        if !self.breaking.is_empty() {
            parts.push(format!(
                "since `{file}`, tasks have changed in ways that break messages in flight:{}\nmend these; where no \
                 such message is left, dead letters included, {update}",
                listed(&self.breaking)
            ));
        }
        if !self.compatible.is_empty() {
            parts.push(format!(
                "`{file}` is out of date, by changes that break no message in flight:{}\n{update}",
                listed(&self.compatible)
            ));
        }
        if !self.unnamed.is_empty() {
            parts.push(format!(
                "tasks whose messages outlive a deployment need a name:{}\nor list the tasks that go to an engine, \
                 `assert_manifest!(\"…\", tasks![…])`",
                listed(&self.unnamed)
            ));
        }
        if parts.is_empty() { Ok(()) } else { Err(parts.join("\n\n")) }
    }
}

fn listed(lines: &[String]) -> String {
    lines.iter().flat_map(|line| ["\n  ", line]).collect()
}

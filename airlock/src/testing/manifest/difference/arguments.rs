//! How the arguments of a task have changed.

use super::{Differences, fits};
use crate::testing::manifest::read::{Parameter, Task};

/// What a user writes: a task is a function under an attribute, or a struct under a derive.
pub(super) struct Written<'a>(&'a Task);

impl<'a> Written<'a> {
    pub(super) fn of(task: &'a Task) -> Self {
        Self(task)
    }

    /// An option of the task.
    pub(super) fn option(&self, option: &str) -> String {
        if self.0.elsewhere { format!("`#[task({option})]`") } else { format!("`{option}`") }
    }

    /// The mark of an argument that messages may lack.
    fn default(&self) -> &'static str {
        if self.0.elsewhere { "`#[task(default)]`" } else { "`#[default]`" }
    }

    /// The list of removed arguments, with one more.
    fn removed(&self, name: &str) -> String {
        let names = self.0.removed.iter().map(String::as_str).chain([name]);
        let names: Vec<_> = names.map(|name| format!("{name:?}")).collect();
        self.option(&format!("removed = [{}]", names.join(", ")))
    }
}

pub(super) fn compare(all: &mut Differences, task: &str, was: &Task, is: &Task) {
    let gone = was.parameters.iter().filter(|one| is.parameter(&one.name).is_none());
    let mut new: Vec<_> =
        is.parameters.iter().filter(|one| was.parameter(&one.name).is_none()).collect();
    for old in gone {
        if is.removed.contains(&old.name) {
            all.compatible(removed(task, old));
            continue;
        }
        if let Some(place) = new.iter().position(|one| one.also.contains(&old.name)) {
            let one = new.remove(place);
            let (name, former) = (&one.name, &old.name);
            changed(all, task, is, old, one);
            all.compatible(format!(
                "`{task}`: the argument `{former}` is called `{name}`, and a message in flight is read under its \
                 former name; an older worker rejects new messages, so deploy workers first"
            ));
            continue;
        }
        let renamed = |one: &&Parameter| one.ty == old.ty && one.default.is_none();
        let line = match new.iter().position(renamed) {
            Some(place) => renamed_to(task, is, old, new.remove(place)),
            None => lost(task, is, old),
        };
        all.breaking(line);
    }
    for one in new {
        added(all, task, is, one);
    }
    for name in was.removed.iter().filter(|name| !is.removed.contains(name)) {
        if is.parameter(name).is_none() {
            let write = Written::of(is).removed(name);
            all.breaking(format!(
                "`{task}`: the argument `{name}` is no longer listed as `removed`: a message that still has it is \
                 rejected, as surplus; write {write} until none is left"
            ));
        }
    }
    for name in is.removed.iter().filter(|name| !was.removed.contains(name)) {
        if was.parameter(name).is_none() {
            all.compatible(format!(
                "`{task}`: the argument `{name}` is listed as `removed`: a message that has it is read without it"
            ));
        }
    }
    for one in &is.parameters {
        former_names_gone(all, task, was, one);
    }
    let kept = is.parameters.iter().filter_map(|one| Some((was.parameter(&one.name)?, one)));
    for (old, one) in kept {
        changed(all, task, is, old, one);
    }
    order(all, task, was, is);
}

/// Former names that were listed, and that a message may still have.
fn former_names_gone(all: &mut Differences, task: &str, was: &Task, one: &Parameter) {
    let before = was.parameters.iter().find(|old| old.name == one.name);
    let before = before.map(|old| &old.also[..]).unwrap_or_default();
    for former in before.iter().filter(|former| !one.also.contains(former)) {
        all.breaking(format!(
            "`{task}`: the argument `{}` is no longer read under its former name `{former}`: a message that has that is \
             rejected, as surplus; write `#[also({former:?})]` on it until none is left",
            one.name
        ));
    }
}

fn removed(task: &str, old: &Parameter) -> String {
    let name = &old.name;
    let older = if old.default.is_some() {
        "an older worker reads new messages with its default"
    } else {
        "an older worker rejects new messages, as missing it, so deploy workers first"
    };
    format!(
        "`{task}`: the argument `{name}` is removed: a message in flight is read without it; {older}"
    )
}

fn renamed_to(task: &str, is: &Task, old: &Parameter, new: &Parameter) -> String {
    let (old, new, written) = (&old.name, &new.name, Written::of(is));
    let renamed = if is.elsewhere {
        format!("keep the name `{old}`")
    } else {
        format!("write `#[also({old:?})]` on `{new}` if it was renamed")
    };
    format!(
        "`{task}`: the argument `{old}` is gone, and `{new}` is new and of its type: a message in flight is rejected, \
         for it has the one and lacks the other; {renamed}, or, to read messages without its value, write \
         {} and {} on `{new}`",
        written.removed(old),
        written.default()
    )
}

fn lost(task: &str, is: &Task, old: &Parameter) -> String {
    let name = &old.name;
    let write = Written::of(is).removed(name);
    format!(
        "`{task}`: the argument `{name}` is gone: a message in flight is rejected, as surplus; write {write}, and it is \
         read without it"
    )
}

fn added(all: &mut Differences, task: &str, is: &Task, one: &Parameter) {
    let name = &one.name;
    if let Some(default) = &one.default {
        all.compatible(format!(
            "`{task}`: the argument `{name}` is new: a message in flight is read with its default, {default}; an older \
             worker rejects new messages, as surplus, so deploy workers first"
        ));
    } else {
        let mark = Written::of(is).default();
        all.breaking(format!(
            "`{task}`: the argument `{name}` is new and has no default: a message in flight is rejected, as missing \
             it; write {mark} on it, or make it an `Option`"
        ));
    }
}

fn changed(all: &mut Differences, task: &str, is: &Task, was: &Parameter, one: &Parameter) {
    let (name, ty) = (&one.name, &one.ty);
    let schemas = was.schema.as_ref().zip(one.schema.as_ref());
    let same_schema = schemas.map(|(was, is)| was == is);
    if was.ty != one.ty {
        let was = &was.ty;
        if same_schema == Some(true) {
            all.compatible(format!(
                "`{task}`: the type of the argument `{name}` is called `{ty}` and was `{was}`, with the same schema"
            ));
        } else if fits::fits(was, ty) {
            all.compatible(format!(
                "`{task}`: the argument `{name}` is `{ty}` and was `{was}`, whose JSON it reads; an older worker may \
                 reject new messages, so deploy workers first"
            ));
        } else {
            all.breaking(format!(
                "`{task}`: the argument `{name}` is `{ty}` and was `{was}`: a message in flight is rejected, unless \
                 its JSON fits the new type; keep the type, or add an argument with a default"
            ));
        }
    } else if same_schema == Some(false) {
        all.breaking(format!(
            "`{task}`: the argument `{name}` is still `{ty}`, whose JSON schema has changed: a message in flight is \
             rejected, unless its JSON fits the new one; give new fields `#[serde(default)]`"
        ));
    } else if let (Some(default), None) = (&was.default, &one.default) {
        let mark = Written::of(is).default();
        all.breaking(format!(
            "`{task}`: the argument `{name}` has lost its default, {default}: a message that lacks it is rejected, as \
             missing it; write {mark} on it until none is left"
        ));
    } else if let (was, Some(default)) = (&was.default, &one.default)
        && was.as_ref() != Some(default)
    {
        let instead = was.as_ref().map(|was| format!(", and no longer {was}")).unwrap_or_default();
        all.compatible(format!(
            "`{task}`: a message that lacks the argument `{name}` is read with {default}{instead}"
        ));
    }
    if was.secret != one.secret {
        let (is, before) = if one.secret { ("is", "is not") } else { ("is not", "is") };
        all.compatible(format!(
            "`{task}`: the argument `{name}` {is} `#[secret]`: an older binary, where it {before}, reads it as well"
        ));
    }
}

/// Messages have arguments by name; a Python program may send them by place.
fn order(all: &mut Differences, task: &str, was: &Task, is: &Task) {
    let order = |of: &Task, other: &Task| -> Vec<_> {
        let names = of.parameters.iter().map(|one| one.name.clone());
        names.filter(|name| other.parameter(name).is_some()).collect()
    };
    if order(was, is) != order(is, was) {
        all.compatible(format!(
            "`{task}`: the arguments are in another order: messages have them by name; only what Python sends by place \
             is read otherwise"
        ));
    }
}

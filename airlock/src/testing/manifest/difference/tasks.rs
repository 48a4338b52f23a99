//! Tasks that are new, and tasks that are gone.

use super::Differences;
use super::arguments::Written;
use crate::core::registry::registry;
use crate::testing::manifest::read::{Task, Tasks};

pub(super) fn compare(all: &mut Differences, was: &Tasks, is: &Tasks) {
    let gone = was.0.iter().filter(|(name, _)| !is.0.contains_key(*name));
    let new: Vec<_> = is.0.iter().filter(|(name, _)| !was.0.contains_key(*name)).collect();
    for (name, task) in gone {
        let there = registry().ok().and_then(|registry| registry.find(name).ok());
        match (there, successor(name, task, &new)) {
            (Some(task), _) if !task.is_local() && task.name() != name => all.compatible(format!(
                "`{name}` is called `{task}`, and a message in flight finds it by its former name; an older worker \
                 rejects new messages, so deploy workers first"
            )),
            (Some(task), _) if !task.is_local() => all.compatible(format!(
                "`{name}` is not among the tasks listed, and a message in flight is read as ever"
            )),
            (Some(_), _) => all.breaking(format!(
                "`{name}` is `local` now: a message in flight is rejected; remove `local`, or keep it under another \
                 name beside this one"
            )),
            (None, Some((successor, task))) => {
                let write = Written::of(task).option(&format!("name = {name:?}"));
                let also = Written::of(task).option(&format!("also = [{name:?}]"));
                all.breaking(format!(
                    "`{name}` is gone, and `{successor}` has its arguments: a message in flight is rejected as an \
                     unknown task; write {write} if it was renamed, or {also} to keep the new name"
                ));
            }
            (None, None) => all.breaking(format!(
                "`{name}` is gone: a message in flight is rejected as an unknown task; keep a task of this name until \
                 no message of it is left"
            )),
        }
    }
    for (name, _) in new {
        all.compatible(format!(
            "`{name}` is new: an older worker rejects its messages, so deploy workers first"
        ));
    }
}

type Named<'a> = (&'a String, &'a Task);

/// The new task that the one which is gone has become, so far as can be told: it has the same arguments, and either the
/// last part of the name or no rival.
fn successor<'a>(name: &str, gone: &Task, new: &[Named<'a>]) -> Option<Named<'a>> {
    let alike: Vec<_> = new.iter().copied().filter(|(_, task)| same(task, gone)).collect();
    let last = |name: &str| name.rsplit([':', '.']).next().map(str::to_owned);
    let moved = alike.iter().copied().find(|(candidate, _)| last(candidate) == last(name));
    moved.or_else(|| {
        alike.first().copied().filter(|_| alike.len() == 1 && !gone.parameters.is_empty())
    })
}

fn same(a: &Task, b: &Task) -> bool {
    let of = |task: &Task| -> Vec<_> {
        task.parameters.iter().map(|one| (one.name.clone(), one.ty.clone())).collect()
    };
    of(a) == of(b)
}

//! How the options of a task have changed.

use std::fmt::Display;

use super::Differences;
use super::arguments::Written;
use crate::testing::manifest::read::Task;

pub(super) fn compare(all: &mut Differences, task: &str, was: &Task, is: &Task) {
    if is.elsewhere && !was.elsewhere {
        all.breaking(format!(
            "`{task}` is a struct now, which has no body: this program's workers reject a message in flight; keep the \
             function, or leave its queue to the workers that run it"
        ));
    } else if was.elsewhere && !is.elsewhere {
        all.compatible(format!(
            "`{task}` is a function now, and this program's workers can run it"
        ));
    }
    for former in was.also.iter().filter(|former| !is.also.contains(former)) {
        let names = is.also.iter().chain([former]).map(|name| format!("{name:?}"));
        let names: Vec<_> = names.collect();
        let write = Written::of(is).option(&format!("also = [{}]", names.join(", ")));
        all.breaking(format!(
            "`{task}` is no longer found by its former name `{former}`: a message that has that is rejected as an \
             unknown task; write {write} until none is left"
        ));
    }
    if was.queue != is.queue {
        let before = shown(was.queue.as_ref(), "the executor's own");
        let now = shown(is.queue.as_ref(), "the executor's own");
        all.compatible(format!(
            "`{task}`: the queue is {now} and was {before}, where messages in flight are: let workers serve both until \
             it is empty"
        ));
    }
    if was.max_attempts != is.max_attempts {
        let before = shown(was.max_attempts, "the worker's own");
        let now = shown(is.max_attempts, "the worker's own");
        all.compatible(format!(
            "`{task}`: `max_attempts` is {now} and was {before}, which messages in flight keep"
        ));
    }
    if was.best_effort != is.best_effort {
        let effect = if is.best_effort { "fails no flush any more" } else { "fails its flush" };
        all.compatible(format!("`{task}` {effect}, which messages in flight have behind them"));
    }
    if was.default_name && !is.default_name {
        all.compatible(format!(
            "`{task}` has its name written, and keeps it when its function moves"
        ));
    }
}

fn shown(value: Option<impl Display>, none: &str) -> String {
    value.map_or_else(|| none.to_owned(), |value| format!("`{value}`"))
}

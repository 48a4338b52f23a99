//! What a worker logs at start: what it serves, and what it would never receive.

use crate::core::cut::cut;
use crate::core::log::event;
use crate::core::task::TaskInfo;
use crate::worker::{Source, Worker};

/// Logs which queues and tasks the worker serves, and warns where no message of a task can arrive.
pub(super) fn log_served<S: Source>(worker: &Worker, source: &S) {
    let tasks = worker.tasks();
    let concurrency = worker.inner.concurrency;
    let names = names(&tasks);
    let Some(queues) = source.served_queues() else {
        event!(
            info,
            "airlock::worker",
            [concurrency],
            "the worker serves {}: {}",
            count(tasks.len()),
            cut(names)
        );
        return;
    };
    if queues.is_empty() {
        event!(
            warn,
            "airlock::worker",
            [],
            "the worker serves no queue, so it receives nothing: name one, `.queues([…])`"
        );
        return;
    }
    let queues = queues.iter().map(String::as_str).collect::<Vec<_>>();
    event!(
        info,
        "airlock::worker",
        [concurrency],
        "the worker serves the queues {} and {}: {}",
        cut(quoted(&queues)),
        count(tasks.len()),
        cut(names)
    );
    let default = source.default_queue();
    let elsewhere = |task: &&'static TaskInfo| {
        let queue = task.queue().or(default.as_deref())?;
        (!queues.contains(&queue)).then(|| format!("`{task}` in `{queue}`"))
    };
    let elsewhere: Vec<_> = tasks.iter().filter_map(elsewhere).collect();
    if !elsewhere.is_empty() {
        event!(
            warn,
            "airlock::worker",
            [],
            "the worker does not serve the queues of these tasks: serve them as well, `.queues([…])`, or, where other \
             workers serve them, name the tasks of this one, `.serving(tasks![…])`: {}",
            cut(elsewhere.join(", "))
        );
    }
}

impl Worker {
    /// The tasks that messages may name.
    fn tasks(&self) -> Vec<&'static TaskInfo> {
        let tasks: Vec<_> = match &self.inner.serving {
            Some(tasks) => tasks.iter().collect(),
            None => self.inner.registry.iter().collect(),
        };
        tasks.into_iter().filter(|task| !task.is_local()).collect()
    }
}

fn count(tasks: usize) -> String {
    if tasks == 1 { "1 task".to_owned() } else { format!("{tasks} tasks") }
}

fn names(tasks: &[&'static TaskInfo]) -> String {
    quoted(&tasks.iter().map(|task| task.name()).collect::<Vec<_>>())
}

fn quoted(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { format!("`{}`", names.join("`, `")) }
}

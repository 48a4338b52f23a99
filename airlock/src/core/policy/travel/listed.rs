//! Block lists and allow lists, as they travel.

use serde_json::json;

use super::Travel;
use crate::core::registry::task_set::TaskSet;
use crate::core::task::TaskInfo;

impl Travel {
    /// That of a list of tasks, which goes along as their names: `{"tasks": […]}`, and `"refuse": true` where it does.
    pub(crate) fn listed(policy: &'static str, tasks: &TaskSet, refuse: bool) -> Self {
        // A binary in which one still has its former name knows no other.
        let of =
            |task: &'static TaskInfo| [task.name()].into_iter().chain(task.also().iter().copied());
        let names: Vec<_> = tasks.iter().flat_map(of).collect();
        Self::of_names(policy, &names, refuse)
    }

    /// The same, of names in their order, so that one list is one text.
    pub(super) fn of_names(policy: &'static str, tasks: &[&str], refuse: bool) -> Self {
        let mut settings = json!({ "tasks": tasks });
        if refuse {
            settings["refuse"] = true.into();
        }
        Self::named(policy, &settings)
    }
}

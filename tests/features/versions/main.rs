//! Two versions of one crate in a binary, and two functions of one name: what the registry says of their tasks.

use std::sync::Mutex;

use airlock::{Intent, Task, TaskInfo};

fn checkout() -> Result<(), airlock::EnqueueError> {
    #[airlock::task]
    fn notify() {}
    notify::enqueue()
}

fn cancel() -> Result<(), airlock::EnqueueError> {
    #[airlock::task]
    fn notify() {}
    notify::enqueue()
}

#[test]
fn the_registry_says_why_tasks_share_a_name() {
    let text = airlock::registry().expect_err("two pairs share a name").to_string();
    for expected in [
        "  `shop::send`: ",
        "`versions::notify`: ",
        "functions don't count in a path",
        "two versions of one crate share the names of their tasks",
        "`block_tasks![v1::send]` lets `v2::send` pass",
    ] {
        assert!(text.contains(expected), "{expected} is not in:\n{text}");
    }
}

#[test]
fn a_policy_by_path_knows_one_version() {
    let ran: &Mutex<Vec<&'static TaskInfo>> = Box::leak(Box::default());
    let scope =
        airlock::scope().policy(airlock::block_tasks![v1::send]).executor(|intent: Intent| {
            ran.lock().expect("nothing panics").push(intent.task());
            Ok::<(), String>(())
        });
    let enqueued = scope.run(|| {
        v1::send::enqueue()?;
        v2::send::enqueue()?;
        checkout()?;
        cancel()
    });
    enqueued.expect("it takes all").expect("in a scope");
    let ran = ran.lock().expect("nothing panics");
    assert_eq!(ran.len(), 3);
    assert_eq!(ran[0], <v2::send as Task>::info());
}

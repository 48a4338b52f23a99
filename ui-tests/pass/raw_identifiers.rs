//! Tasks, modules and arguments that are named like keywords.

use airlock::{BlockTasks, Task, assert_enqueued, tasks, testing::capture};

#[airlock::task]
fn r#yield(r#type: u64, r#async: Option<u64>) {
    let _ = (r#type, r#async);
}

mod r#loop {
    #[airlock::task]
    pub(super) fn r#move(#[secret] r#fn: u64) {
        let _ = r#fn;
    }
}

#[airlock::scoped(policy = BlockTasks(r#yield, "r#loop::r#move"))]
fn blocked() -> Result<(), Box<dyn std::error::Error>> {
    Ok(r#yield::enqueue(42, None)?)
}

#[test]
fn they_lose_the_prefix_in_names() {
    assert_eq!(r#yield::NAME, "pass::raw_identifiers::yield");
    assert_eq!(r#yield::info().parameters()[0].name(), "type");
    assert_eq!(r#loop::r#move::NAME, "pass::raw_identifiers::r#loop::move");
    let (_, effects) = capture(|| r#yield::enqueue(42, None));
    assert_enqueued!(effects, r#yield(42, None));
    assert_eq!(tasks!["r#yield", r#loop::r#move].iter().len(), 2);
    BlockTasks::named(["pass::raw_identifiers::yield"]).expect("the name that reports show");
    blocked().expect("it is blocked");
}

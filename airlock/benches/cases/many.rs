//! A thousand tasks, for block lists of a size that nobody writes.

use std::sync::LazyLock;

use airlock::{BlockTasks, TaskSet};

static ONE: LazyLock<BlockTasks> = LazyLock::new(|| block(1));
static TEN: LazyLock<BlockTasks> = LazyLock::new(|| block(10));
static THOUSAND: LazyLock<BlockTasks> = LazyLock::new(|| block(1_000));

/// A list of this many tasks, made once: what a list costs to make is not what it costs to ask.
pub(crate) fn blocked(tasks: u64) -> &'static BlockTasks {
    match tasks {
        1 => &ONE,
        10 => &TEN,
        1_000 => &THOUSAND,
        other => unreachable!("there is no list of {other} tasks"),
    }
}

fn block(tasks: usize) -> BlockTasks {
    let registry = airlock::registry().expect("no two tasks have one name");
    let here = concat!(module_path!(), "::");
    let set: TaskSet =
        registry.iter().filter(|task| task.name().starts_with(here)).take(tasks).collect();
    assert_eq!(set.iter().len(), tasks, "there are enough of them");
    BlockTasks::new(set)
}

/// `thousand!()` declares a module tree of 10 × 10 × 10 tasks, told apart by their paths.
macro_rules! thousand {
    () => { thousand! { @modules thousand [a b c d e f g h i j] } };
    (@modules thousand [$($name:ident)*]) => {
        $(mod $name { thousand! { @modules hundred [a b c d e f g h i j] } })*
    };
    (@modules hundred [$($name:ident)*]) => {
        $(mod $name { thousand! { @tasks [a b c d e f g h i j] } })*
    };
    (@tasks [$($name:ident)*]) => {
        $(#[airlock::task(local)] fn $name() {})*
    };
}

thousand!();

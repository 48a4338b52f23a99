//! A thousand tasks, for block lists of a size that nobody writes.

use std::hint::black_box;
use std::sync::LazyLock;

use airlock::{BlockTasks, EnqueueError, TaskSet};

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
    let here = concat!(module_path!(), "::listed::");
    let listed = registry.iter().filter(|task| task.name().starts_with(here));
    let set: TaskSet = listed.take(tasks).collect();
    assert_eq!(set.iter().len(), tasks, "there are enough of them");
    BlockTasks::new(set)
}

/// Enqueues so many intents of tasks that are on none of the lists.
///
/// Of a hundred tasks in turn: a list finds a task by its address, and what that takes differs a
/// little from address to address, which is to say from build to build.
pub(crate) fn enqueue_unlisted(intents: u64) -> Result<(), EnqueueError> {
    let mut left = intents;
    for enqueue in UNLISTED.as_flattened().iter().cycle() {
        if left == 0 {
            break;
        }
        enqueue(black_box(left))?;
        left -= 1;
    }
    Ok(())
}

type Enqueue = fn(u64) -> Result<(), EnqueueError>;

/// `hundred!(…)` declares ten modules of ten tasks, and how each is enqueued.
macro_rules! hundred {
    ($($module:ident)*) => {
        $(mod $module {
            hundred! { @tasks a b c d e f g h i j }
        })*

        static UNLISTED: [[Enqueue; 10]; 10] = [$($module::TASKS),*];
    };
    (@tasks $($name:ident)*) => {
        $(#[airlock::task]
        fn $name(order_id: u64) {
            $crate::cases::tasks::count(order_id);
        })*

        pub(super) const TASKS: [super::Enqueue; 10] = [$($name::enqueue),*];
    };
}

hundred!(k l m n o p q r s t);

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

mod listed {
    thousand!();
}

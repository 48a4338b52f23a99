//! What the assertion macros call, and the macros.

use crate::core::intent::Intent;
use crate::core::registry::task_set::TaskSet;
use crate::core::task::{Parameter, TaskInfo};
use crate::testing::{Effects, difference};

/// What an assertion looks for: an intent, or a task with any arguments.
#[doc(hidden)]
#[derive(Debug)]
pub enum Expected {
    /// This task with these arguments, whatever the options unless it has some.
    Intent(Intent),
    /// This task.
    Task(&'static TaskInfo),
}

impl Expected {
    /// The task of a list of one, which underlines a path that leads to none.
    #[doc(hidden)]
    pub fn only(list: &TaskSet) -> Self {
        match list.iter().next() {
            Some(task) => Self::Task(task),
            None => unreachable!("the macro lists one"),
        }
    }

    fn matches(&self, intent: &Intent) -> bool {
        match self {
            Self::Intent(expected) if expected.has_options() => expected.is_same(intent),
            Self::Intent(expected) => expected.is_same_call(intent),
            Self::Task(task) => *task == intent.task(),
        }
    }
}

impl Expected {
    fn is_secret(&self) -> bool {
        matches!(self, Self::Intent(intent) if intent.task().parameters().iter().any(Parameter::is_secret))
    }
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Intent(intent) => intent.fmt(f),
            Self::Task(task) => write!(f, "{task}(…)"),
        }
    }
}

impl Expected {
    /// Why an intent that looks the same is another one.
    fn difference(&self, intent: &Intent) -> Option<String> {
        match self {
            Self::Intent(expected) if !self.matches(intent) => {
                difference::between(expected, intent)
            }
            _ => None,
        }
    }

    /// Which argument of an intent can't be compared, where all others are equal.
    fn unseen(&self, intent: &Intent) -> Option<String> {
        match self {
            Self::Intent(expected) => difference::unseen(expected, intent),
            Self::Task(_) => None,
        }
    }
}

/// What is not to be seen in two lines that are the same.
fn differences(effects: &Effects, expected: &[Expected]) -> String {
    let pairs = expected.iter().flat_map(|expected| {
        effects.marked().filter_map(|marked| Some((marked, expected.difference(marked.0)?)))
    });
    let line = |((intent, row), why)| format!("\n  {intent}{row}  is not what was expected: {why}");
    let lines = pairs.map(line);
    lines.collect::<Vec<_>>().concat()
}

fn listed(effects: &Effects) -> String {
    if effects.is_empty() {
        return "nothing was enqueued".into();
    }
    let line =
        |(intent, row): (&Intent, &str)| format!("\n  {intent}{row}  at {}", intent.origin());
    let list = effects.marked().map(line);
    format!("these were enqueued:{}", list.collect::<String>())
}

#[doc(hidden)]
#[track_caller]
pub fn assert_enqueued(effects: &Effects, expected: &Expected) {
    let found = effects.iter().any(|intent| expected.matches(intent));
    let secret =
        if expected.is_secret() { " (secrets are compared, though not shown)" } else { "" };
    let why = differences(effects, std::slice::from_ref(expected));
    assert!(found, "`{expected}` was not enqueued{secret}; {}{why}", listed(effects));
}

#[doc(hidden)]
#[track_caller]
pub fn assert_not_enqueued(effects: &Effects, expected: &Expected) {
    let found = effects.iter().any(|intent| expected.matches(intent));
    assert!(!found, "`{expected}` was enqueued; {}", listed(effects));
    let unseen = effects.iter().find_map(|intent| expected.unseen(intent));
    assert!(
        unseen.is_none(),
        "`{expected}` can't be looked for: {}. Write the task without arguments; {}",
        unseen.unwrap_or_default(),
        listed(effects)
    );
}

#[doc(hidden)]
#[track_caller]
pub fn assert_effects(effects: &Effects, expected: &[Expected]) {
    let same = effects.len() == expected.len()
        && effects.iter().zip(expected).all(|(intent, expected)| expected.matches(intent));
    assert!(
        same,
        "the effects differ (- expected, + enqueued):{}{}",
        diff(effects, expected),
        differences(effects, expected)
    );
}

/// The two lists as one, by the longest common subsequence.
fn diff(effects: &Effects, expected: &[Expected]) -> String {
    let actual: Vec<_> = effects.marked().collect();
    let (rows, columns) = (expected.len(), actual.len());
    let same = |row: usize, column: usize| expected[row].matches(actual[column].0);
    let mut common = vec![vec![0_usize; columns + 1]; rows + 1];
    for row in (0..rows).rev() {
        for column in (0..columns).rev() {
            common[row][column] = if same(row, column) {
                common[row + 1][column + 1] + 1
            } else {
                common[row + 1][column].max(common[row][column + 1])
            };
        }
    }
    let mut text = String::new();
    let (mut row, mut column) = (0, 0);
    while row < rows || column < columns {
        if row < rows && column < columns && same(row, column) {
            let (intent, mark) = actual[column];
            text.extend(["\n", &format!("    {intent}{mark}")]);
            (row, column) = (row + 1, column + 1);
        } else if column == columns
            || (row < rows && common[row + 1][column] >= common[row][column + 1])
        {
            text.extend(["\n", &format!("  - {}", expected[row])]);
            row += 1;
        } else {
            let (intent, mark) = actual[column];
            text.extend(["\n", &format!("  + {intent}{mark}  at {}", intent.origin())]);
            column += 1;
        }
    }
    text
}

/// What an assertion looks for, from a task's path and, where they are given, its arguments.
#[doc(hidden)]
#[macro_export]
macro_rules! __expected {
    ($($task:ident)::+ ($($argument:expr),* $(,)?)) => {
        $crate::testing::Expected::Intent(<$($task)::+>::intent($($argument),*))
    };
    ($($task:ident)::+ { $($fields:tt)* }) => {
        $crate::testing::Expected::Intent(<$($task)::+>::intent($($task)::+ { $($fields)* }))
    };
    ($($task:ident)::+) => {
        $crate::testing::Expected::only(&$crate::tasks![$($task)::+])
    };
}

/// Asserts that a task was enqueued: with these arguments, or with any.
///
/// The first argument are [`Effects`](crate::testing::Effects) of a
/// [`capture`](crate::testing::capture). The arguments are the task's own, checked like any call.
///
/// # Examples
///
/// ```
/// use airlock::assert_enqueued;
///
/// #[airlock::task]
/// fn send_mail(order_id: u64) {}
///
/// let (_, effects) = airlock::testing::capture(|| send_mail::enqueue(42));
/// assert_enqueued!(effects, send_mail(42));
/// assert_enqueued!(effects, send_mail);
/// ```
#[macro_export]
macro_rules! assert_enqueued {
    ($effects:expr, $($expected:tt)+) => {
        $crate::testing::assert_enqueued(&$effects, &$crate::__expected!($($expected)+))
    };
}

/// Asserts that a task was not enqueued: with these arguments, or at all.
///
/// # Examples
///
/// ```
/// use airlock::assert_not_enqueued;
///
/// #[airlock::task]
/// fn send_mail(order_id: u64) {}
///
/// let (_, effects) = airlock::testing::capture(|| send_mail::enqueue(42));
/// assert_not_enqueued!(effects, send_mail(43));
/// ```
#[macro_export]
macro_rules! assert_not_enqueued {
    ($effects:expr, $($expected:tt)+) => {
        $crate::testing::assert_not_enqueued(&$effects, &$crate::__expected!($($expected)+))
    };
}

/// Asserts that exactly these were enqueued, in this order; a failure shows the difference.
///
/// # Examples
///
/// ```
/// use airlock::assert_effects;
///
/// #[airlock::task]
/// fn send_mail(order_id: u64) {}
///
/// let (_, effects) = airlock::testing::capture(|| (1..=2).try_for_each(|id| send_mail::enqueue(id)));
/// assert_effects!(effects, [send_mail(1), send_mail(2)]);
/// assert_effects!(airlock::testing::capture(|| ()).1, []);
/// ```
#[macro_export]
macro_rules! assert_effects {
    ($effects:expr, [$($($task:ident)::+ $(($($argument:expr),* $(,)?))?),* $(,)?]) => {
        $crate::testing::assert_effects(
            &$effects,
            &[$($crate::__expected!($($task)::+ $(($($argument),*))?)),*],
        )
    };
}

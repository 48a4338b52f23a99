//! Everything the macros say, in one table: the mistake first, then what to write instead.

/// What a task set may list, and how.
const TASK_PATH: &str =
    "write the path of a task, bare (`mail::send`) or in quotes (`\"mail::send\"`)";

/// How options are listed in a message.
fn listed(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

// Items.

pub(crate) fn not_a_function(attribute: &str) -> String {
    match attribute {
        "task" => "`#[airlock::task]` goes on a free function".to_owned(),
        _ => format!("`#[airlock::{attribute}]` goes on a function or a method"),
    }
}

pub(crate) fn no_body(attribute: &str) -> String {
    format!(
        "`#[airlock::{attribute}]` wraps a body, and this function has none: put it on the functions that \
         implement this one"
    )
}

pub(crate) fn wrapped_const_fn(attribute: &str) -> String {
    format!("a `const fn` can't enqueue: remove `const`, or `#[airlock::{attribute}]`")
}

pub(crate) fn wrapped_track_caller(attribute: &str) -> String {
    format!(
        "`#[track_caller]` doesn't reach a body that `#[airlock::{attribute}]` runs in a closure: remove it, or \
         take the caller as an argument, `&'static std::panic::Location<'static>`"
    )
}

pub(crate) const TRAVELS_ITEM: &str = "`#[airlock::travels]` goes on the implementation of a policy: write it above `impl \
     Policy for …`";

pub(crate) const TRAVELS_GENERIC: &str = "a generic policy has no one name in a message: implement `Policy` for a type \
     without parameters, or write `travel` by hand";

pub(crate) const TRAVELS_TWICE: &str =
    "`#[airlock::travels]` writes this method: remove it, or the attribute";

pub(crate) fn travels_own(name: &str) -> String {
    format!(
        "`{name}` is the name of a policy of airlock's: choose another one, such as \"shop.{name}\""
    )
}

// Options.

pub(crate) fn unknown_option(
    attribute: &str,
    name: &str,
    nearest: Option<&str>,
    known: &[&str],
) -> String {
    let meant = nearest.map(|nearest| format!(": did you mean `{nearest}`?")).unwrap_or_default();
    let known = listed(known);
    format!("`{name}` is no option of `#[airlock::{attribute}]`{meant}\nthe options are {known}")
}

/// A value that stands there without the option's name.
pub(crate) fn unnamed_value(
    attribute: &str,
    written: &str,
    name: &str,
    value: &str,
    known: &[&str],
) -> String {
    let known = listed(known);
    format!(
        "`{written}` is no option of `#[airlock::{attribute}]`: write `{name} = {value}`\nthe options are {known}"
    )
}

pub(crate) fn expected_option(attribute: &str, known: &[&str]) -> String {
    let known = listed(known);
    format!("here goes an option of `#[airlock::{attribute}]`\nthe options are {known}")
}

pub(crate) fn repeated_option(name: &str) -> String {
    format!("`{name}` is given twice: remove one")
}

pub(crate) fn option_needs_value(name: &str, example: &str) -> String {
    format!("`{name}` needs a value: write `{name} = {example}`")
}

pub(crate) fn option_takes_no_value(name: &str) -> String {
    format!("`{name}` takes no value: write `{name}`, or remove it")
}

pub(crate) const OPTIONS_NEED_COMMA: &str = "a comma goes between two options";

pub(crate) const CRATE_NEEDS_PATH: &str =
    "`crate` takes the path under which airlock is known here: write `crate = my_crate::airlock`";

// Tasks: the function.

pub(crate) const EMPTY_NAME: &str =
    "a task's name can't be empty: write one, or remove `name` to use the function's path";

pub(crate) const EMPTY_QUEUE: &str =
    "a queue's name can't be empty: write one, or remove `queue` to use the executor's";

pub(crate) const NO_ATTEMPT: &str =
    "a task is attempted at least once: write 1 or more, or remove `max_attempts`";

pub(crate) const METHOD: &str = "a method can't be a task, because `self` isn't there when it runs: write a free function that takes what \
     it needs from `self`";

pub(crate) const GENERIC: &str = "a task can't be generic, because its arguments are read back by one type: name the types here, one task \
     for each";

pub(crate) const GENERIC_LIFETIME: &str =
    "a task can't have lifetime parameters: remove it, and take arguments by value";

pub(crate) const WHERE_CLAUSE: &str =
    "a task can't have a `where` clause, because it can't be generic: remove it";

pub(crate) const UNSAFE_FN: &str = "an `unsafe fn` can't be a task, because nobody vouches for it when it runs: write a safe function, with \
     the `unsafe` block inside";

pub(crate) const EXTERN_FN: &str =
    "an `extern` function can't be a task: write a function that calls it";

pub(crate) const CONST_FN: &str =
    "a `const fn` can't be a task, because it can't have an effect: remove `const`";

pub(crate) const VARIADIC: &str = "a task can't take a variable number of arguments: take a `Vec`";

pub(crate) const RETURNS_FUTURE: &str = "a task that returns a future would never be awaited: write `async fn`, returning what the future gives";

pub(crate) const MOST_ARGUMENTS: usize = 12;

pub(crate) const TOO_MANY_ARGUMENTS: &str =
    "a task takes at most 12 arguments: gather some of them in a struct";

// Tasks: structs.

pub(crate) const DERIVE_STRUCT: &str = "`#[derive(airlock::Task)]` goes on a struct, whose fields become the arguments: make it one struct for each job";

pub(crate) const DERIVE_NAMED: &str =
    "a task's arguments have names: write `{ order_id: u64 }` in place of `(u64)`";

pub(crate) fn derive_unit(name: &str) -> String {
    format!(
        "a task's arguments are one object, and serde makes `null` of a struct without braces: write `struct {name} {{}}`"
    )
}

pub(crate) const DERIVE_OPTIONS: &str =
    "options stand in parentheses: write `#[task(name = \"sync_to_git_index\")]`, or remove it";

pub(crate) const DERIVE_MARKER: &str = "here goes `secret`, `default` or `default = …`";

pub(crate) const DERIVE_CASE: &str = "this is no rule of serde's `rename_all`: write `\"camelCase\"` or another of its \
     names";

pub(crate) fn derive_serde(name: &str) -> String {
    format!(
        "a task's field can't follow serde's `{name}`: remove it, or write a function under `#[airlock::task]` that \
         takes the whole struct\nit follows `rename_all = \"…\"` on the struct, and `rename = \"…\"` and `default` on a field"
    )
}

// Tasks: the parameters.

pub(crate) fn pattern(written: &str) -> String {
    format!("`{written}` doesn't name the argument: write a name, and take it apart in the body")
}

pub(crate) const UNNAMED: &str = "`_` doesn't name the argument: write a name, such as `_unused`";

pub(crate) fn impl_trait(written: &str) -> String {
    format!("`{written}` doesn't say which type to read the argument back as: name one")
}

pub(crate) fn borrowed(written: &str, instead: &str) -> String {
    format!("`{written}` can't wait in a buffer: take `{instead}`")
}

pub(crate) fn borrowed_value(written: &str, owned: &str) -> String {
    format!("`{written}` can't wait in a buffer: take `{owned}` by value, or mark it `#[state]`")
}

pub(crate) fn borrowed_mutably(written: &str, owned: &str) -> String {
    format!("`{written}` can't wait in a buffer: take `{owned}` by value")
}

pub(crate) fn connection(written: &str) -> String {
    format!(
        "`{written}` is a connection, and can't wait in a buffer: take the pool that it comes from, as \
         `#[state] pool: &…`, and a connection from it in the body"
    )
}

pub(crate) fn borrows_inside(written: &str) -> String {
    format!("`{written}` borrows, and can't wait in a buffer: take a type that owns what it holds")
}

pub(crate) fn state_by_value(written: &str) -> String {
    format!("a `#[state]` is borrowed from the executor: take `&{written}`")
}

pub(crate) fn state_mutable(owned: &str) -> String {
    format!(
        "a `#[state]` is shared by all running tasks: take `&{owned}`, with a `Mutex` inside if it changes"
    )
}

pub(crate) fn state_lifetime(owned: &str) -> String {
    format!("a `#[state]` is borrowed for one run of the task: take `&{owned}`")
}

pub(crate) fn state_borrows(written: &str) -> String {
    format!("`{written}` borrows, and a `#[state]` is kept: let it own what it holds")
}

pub(crate) fn state_unsized(sized: &str) -> String {
    format!("a `#[state]` has a size: take `&{sized}`, or a type of your own")
}

/// What an attribute logs of the arguments that are never shown.
pub(crate) fn secret_is_logged(attribute: &str, skipped: &[String], names: &[String]) -> String {
    let skip = [skipped, names].concat().join(", ");
    format!(
        "`#[{attribute}]` logs {}, which `#[secret]` hides: write `#[{attribute}(skip({skip}))]`",
        listed(&names.iter().map(String::as_str).collect::<Vec<_>>())
    )
}

pub(crate) const STATE_AND_SECRET: &str =
    "a `#[state]` is no argument and never shown: remove `#[secret]`";

pub(crate) const STATE_AND_DEFAULT: &str =
    "a `#[state]` is no argument and supplied by the executor: remove `#[default]`";

pub(crate) const DEFAULT_VALUE: &str = "`#[default]` takes one value in parentheses, or none for the type's own: write `#[default(3)]`, or \
     `#[default]`";

pub(crate) const DEFAULT_LOCAL: &str = "a `local` task is never read from a message, which could lack an argument: remove `#[default]`";

pub(crate) const ALSO_NEEDS_NAMES: &str =
    "`also` takes the names that the task had, in quotes: write `also = [\"mail.confirm\"]`";

pub(crate) const ALSO_ARGUMENT: &str =
    "`#[also(…)]` takes the names that the argument had, in quotes: write `#[also(\"order\")]`";

pub(crate) const ALSO_LOCAL: &str =
    "a `local` task is never read from a message, which could name it otherwise: remove `also`";

pub(crate) const ALSO_STATE: &str =
    "a state is in no message, which could name it otherwise: remove `#[also(…)]`";

pub(crate) fn also_is_here(name: &str) -> String {
    format!("`{name}` is a name of this task's already: take it out of the list")
}

pub(crate) const REMOVED_NEEDS_NAMES: &str = "`removed` takes the names of arguments that the task had, in quotes: write `removed = [\"note\"]`";

pub(crate) const REMOVED_LOCAL: &str = "a `local` task is never read from a message, which could have more arguments: remove `removed`";

pub(crate) fn removed_is_here(name: &str) -> String {
    format!("`{name}` is an argument of this task, and not removed: take it out of the list")
}

pub(crate) fn removed_twice(name: &str) -> String {
    format!("`{name}` is listed twice: remove one")
}

pub(crate) fn repeated_marker(name: &str) -> String {
    format!("`#[{name}]` stands here twice: remove one")
}

pub(crate) fn marker_takes_nothing(name: &str) -> String {
    format!("`#[{name}]` takes nothing: write `#[{name}]`")
}

pub(crate) const CFG_PARAMETER: &str = "an argument can't be there in one build only, because another build may have to read it: put `#[cfg]` on \
     the whole function";

// Sets of tasks.

pub(crate) fn not_a_task_path(written: &str) -> String {
    format!("`{written}` is not the path of a task: {TASK_PATH}")
}

pub(crate) fn task_name(written: &str) -> String {
    format!(
        "{}; for names known only at run time: `BlockTasks::named`, `AllowOnly::named`",
        not_a_task_path(written)
    )
}

pub(crate) fn repeated_task(written: &str) -> String {
    format!("`{written}` is listed twice: remove one")
}

pub(crate) const TASK_MISSING: &str = "no task stands before this comma: remove it";

pub(crate) const TASKS_NEED_COMMA: &str = "a comma goes between two tasks";

// Policies.

pub(crate) const POLICY_MISSING: &str =
    "a policy is missing: write `#[airlock::policy(DropAll)]`, or any other policy";

pub(crate) const POLICY_NAMED: &str =
    "the policy stands here without `policy =`: write `#[airlock::policy(DropAll)]`";

pub(crate) const POLICY_NEEDS_COMMA: &str = "a comma goes between the policy and what follows it";

pub(crate) fn list_macro(written: &str, instead: &str) -> String {
    format!("`{written}` is for code; in an attribute: `{instead}`")
}

pub(crate) fn list_missing(name: &str) -> String {
    format!("`{name}` needs a list of tasks; in an attribute: `{name}(mail::send)`")
}

pub(crate) fn policy_option(name: &str) -> String {
    format!(
        "`{name}` is no option of `#[airlock::policy]`, which makes no scope: the options of one go in \
         `#[airlock::scoped(…)]`"
    )
}

pub(crate) const POLICY_SURPLUS: &str =
    "one policy goes here: write several as a tuple, `#[airlock::policy((First, Second))]`";

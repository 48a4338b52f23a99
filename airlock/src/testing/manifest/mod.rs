//! The manifest of a binary against the one that is committed.

mod difference;
mod read;

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use self::difference::Differences;
use self::read::Tasks;
use crate::core::registry::manifest::Manifest;
use crate::core::registry::registry;
use crate::core::registry::task_set::TaskSet;

/// What `AIRLOCK_MANIFEST` asks for.
const UPDATE: &str = "update";

/// Holds all tasks against the file.
#[doc(hidden)]
#[track_caller]
pub fn assert_manifest_at(folder: &str, path: impl AsRef<Path>) {
    succeed(check(&Path::new(folder).join(path), None));
}

/// Holds these tasks against the file.
#[doc(hidden)]
#[track_caller]
pub fn assert_manifest_of(folder: &str, path: impl AsRef<Path>, tasks: &TaskSet) {
    succeed(check(&Path::new(folder).join(path), Some(tasks)));
}

#[track_caller]
fn succeed(checked: Result<(), String>) {
    if let Err(message) = checked {
        panic!("{message}");
    }
}

fn check(path: &Path, listed: Option<&TaskSet>) -> Result<(), String> {
    let file = path.display();
    let manifest = registry().map_err(|error| error.to_string())?.manifest();
    let manifest = match listed {
        Some(listed) => manifest.only(listed),
        None => manifest,
    };
    if manifest.iter().len() == 0 {
        return Err(format!(
            "no task is linked into this test, or all are `local`, so there is nothing to hold against `{file}`: where \
             the tasks are in another crate, write `use that_crate as _;`"
        ));
    }
    let is = Tasks::read(&manifest.to_json())
        .map_err(|why| format!("airlock can't read its own manifest: {why}"))?;
    if updates(&file)? {
        write(path, &manifest)?;
        return Differences::of_names(&is).told(&file);
    }
    let was = Tasks::parse(&text(path)?).map_err(|why| format!("`{file}` {why}"))?;
    Differences::between(&was, &is).told(&file)
}

/// Whether the file is to be written. Not in CI, where an assertion that writes what it is to compare finds nothing.
fn updates(file: &impl std::fmt::Display) -> Result<bool, String> {
    let Some(asked) = env::var_os("AIRLOCK_MANIFEST").filter(|asked| !asked.is_empty()) else {
        return Ok(false);
    };
    if asked != UPDATE {
        return Err(format!(
            "AIRLOCK_MANIFEST is {}, and knows one word: AIRLOCK_MANIFEST={UPDATE} writes `{file}`",
            asked.display()
        ));
    }
    if env::var_os("CI").is_some_and(|ci| !ci.is_empty() && ci != "false") {
        return Err(format!(
            "AIRLOCK_MANIFEST={UPDATE} would write `{file}` in CI, which is to compare it: run the test with it where \
             you commit, and without it here; a job that is there to write the file unsets CI"
        ));
    }
    Ok(true)
}

fn text(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| {
        let file = path.display();
        if error.kind() == ErrorKind::NotFound {
            format!(
                "`{file}` is not there: run the test with AIRLOCK_MANIFEST={UPDATE}, which writes it, and commit it"
            )
        } else {
            format!("`{file}` can't be read: {error}")
        }
    })
}

/// Leaves a file alone that is the same, for its time is what build tools look at.
fn write(path: &Path, manifest: &Manifest) -> Result<(), String> {
    let text = manifest.to_string();
    if fs::read_to_string(path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    fs::write(path, text).map_err(|error| format!("`{}` can't be written: {error}", path.display()))
}

/// Asserts that the tasks of this binary are those of a committed manifest; a failure says what the changes are to messages
/// in flight.
///
/// The path is relative to the folder of the crate's `Cargo.toml`. Run the test with `AIRLOCK_MANIFEST=update` in its
/// environment to write the file, and commit it. Where `CI` is set as well, that is refused.
///
/// A second argument is the set of tasks to look at, [`tasks![…]`](crate::tasks!): those that go to an engine. Without it
/// they are all that are linked into the test and not `local`, the tasks of other crates included.
///
/// # Panics
///
/// Where the manifests differ, a task goes by its function's path, or the file can't be read. Changes that break messages
/// in flight, and those that only put the file out of date, are told apart.
///
/// # Examples
///
/// ```no_run
/// #[airlock::task(name = "mail.confirmation")]
/// fn send_confirmation_email(order_id: u64) {}
///
/// #[airlock::task(name = "cache.forget")]
/// fn forget(key: String) {}
///
/// #[test]
/// fn messages_in_flight_can_be_read() {
///     airlock::testing::assert_manifest!("tasks.json");
/// }
///
/// #[test]
/// fn messages_of_the_queue_can_be_read() {
///     airlock::testing::assert_manifest!("queued.json", airlock::tasks![send_confirmation_email]);
/// }
/// ```
#[macro_export]
macro_rules! assert_manifest {
    () => {
        ::core::compile_error!(
            "write the manifest's path, from the crate's folder: `assert_manifest!(\"tasks.json\")`"
        )
    };
    // The folder is that of the crate which is compiled, and so the caller's.
    ($path:expr $(,)?) => {
        $crate::testing::assert_manifest_at(::core::env!("CARGO_MANIFEST_DIR"), $path)
    };
    ($path:expr, $tasks:expr $(,)?) => {
        $crate::testing::assert_manifest_of(::core::env!("CARGO_MANIFEST_DIR"), $path, &$tasks)
    };
}

pub use assert_manifest;

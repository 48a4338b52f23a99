//! The file: read, written, and neither.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use airlock::testing::assert_manifest;
use airlock::{TaskSet, registry, tasks};

use super::{nowhere, said};
use crate::support::panic_of;

#[airlock::task(name = "manifest.filed")]
fn filed(order_id: u64) {
    let _ = order_id;
}

#[airlock::task]
fn unnamed(n: u64) {
    let _ = n;
}

#[airlock::task(local)]
fn here(n: u64) {
    let _ = n;
}

/// Where the assertion is to look, in a process that was begun for it.
const PLACE: &str = "MANIFEST_OF_THE_TEST";

/// Asserts in a process of its own, whose environment has these: a process has one environment for all its tests.
fn asserted(path: &Path, environment: &[(&str, &str)]) -> Result<(), String> {
    let test = "manifest::files::a_file_is_written_and_then_compared";
    let output = Command::new(env::current_exe().expect("it runs"))
        .args(["--exact", test, "--nocapture"])
        .env_remove("CI")
        .env_remove("AIRLOCK_MANIFEST")
        .envs(environment.iter().copied())
        .env(PLACE, path)
        .output()
        .expect("it can be run");
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(out.contains("running 1 test"), "{out}");
    let said =
        String::from_utf8_lossy(&output.stderr).replace(&path.display().to_string(), "tasks.json");
    if output.status.success() { Ok(()) } else { Err(said) }
}

#[test]
fn a_file_is_written_and_then_compared() {
    if let Some(path) = env::var_os(PLACE) {
        let unnamed_too = Path::new(&path).with_extension("unnamed").exists();
        let tasks = if unnamed_too { tasks![filed, unnamed] } else { tasks![filed] };
        assert_manifest!(Path::new(&path), tasks);
        return;
    }
    let (_folder, path) = nowhere();
    let missing = asserted(&path, &[]).expect_err("there is none");
    let says = "`tasks.json` is not there: run the test with AIRLOCK_MANIFEST=update, which writes it, and commit it";
    assert!(missing.contains(says), "{missing}");
    assert!(!path.exists(), "nothing is written unasked");

    asserted(&path, &[("AIRLOCK_MANIFEST", "update")]).expect("written");
    let written = fs::read_to_string(&path).expect("it is there");
    let registry = registry().expect("no two tasks have one name");
    assert_eq!(written, registry.manifest().only(&tasks![filed]).to_string());
    asserted(&path, &[]).expect("it is the same");
    asserted(&path, &[("AIRLOCK_MANIFEST", ""), ("CI", "true")]).expect("it is compared in CI");

    // One that is the same keeps its time.
    let modified = || fs::metadata(&path).and_then(|of| of.modified()).expect("it has a time");
    let before = modified();
    asserted(&path, &[("AIRLOCK_MANIFEST", "update")]).expect("it is the same");
    assert_eq!(modified(), before);
}

#[test]
fn in_ci_nothing_is_written() {
    let (_folder, path) = nowhere();
    for ci in ["true", "1", "woodpecker"] {
        let refused = asserted(&path, &[("AIRLOCK_MANIFEST", "update"), ("CI", ci)]);
        let refused = refused.expect_err("refused");
        let says = "AIRLOCK_MANIFEST=update would write `tasks.json` in CI, which is to compare it: run the test with \
                    it where you commit, and without it here; a job that is there to write the file unsets CI";
        assert!(refused.contains(says), "{refused}");
        assert!(!path.exists());
    }
    for ci in ["", "false"] {
        asserted(&path, &[("AIRLOCK_MANIFEST", "update"), ("CI", ci)]).expect("it is no CI");
    }
}

#[test]
fn another_word_is_refused() {
    let (_folder, path) = nowhere();
    let refused = asserted(&path, &[("AIRLOCK_MANIFEST", "overwrite")]).expect_err("refused");
    let says = "AIRLOCK_MANIFEST is overwrite, and knows one word: AIRLOCK_MANIFEST=update writes `tasks.json`";
    assert!(refused.contains(says), "{refused}");
    assert!(!path.exists());
}

#[test]
fn a_default_name_is_written_and_told() {
    let (_folder, path) = nowhere();
    fs::write(path.with_extension("unnamed"), "").expect("it can be written");
    for _ in 0..2 {
        let told = asserted(&path, &[("AIRLOCK_MANIFEST", "update")]).expect_err("it has no name");
        assert!(
            told.contains("`it::manifest::files::unnamed` goes by its function's path"),
            "{told}"
        );
        assert!(path.exists());
    }
}

#[test]
fn a_file_that_can_not_be_written_or_read() {
    let (folder, path) = nowhere();
    let refused = asserted(&path.join("deeper"), &[("AIRLOCK_MANIFEST", "update")]);
    let refused = refused.expect_err("there is no such folder");
    assert!(refused.contains("`tasks.json` can't be written: "), "{refused}");
    let tasks = tasks![filed];
    let refused = panic_of(|| assert_manifest!(folder.path(), tasks));
    assert!(refused.contains("can't be read: "), "{refused}");
}

#[test]
fn what_is_no_manifest_says_why() {
    let tasks = tasks![filed];
    let conflict = "{\n  \"version\": 1,\n<<<<<<< HEAD\n";
    assert_eq!(
        said(conflict, &tasks),
        "`tasks.json` is not JSON in line 3, which an unfinished merge may be: key must be a string at line 3 column 1"
    );
    for (text, why) in [
        ("[]", "is no manifest of tasks: it lacks a `version`"),
        (r#"{"version": 1}"#, "is no manifest of tasks: it lacks `tasks`"),
        (
            r#"{"version": 1, "tasks": {"manifest.filed": {}}}"#,
            "is no manifest of tasks: it lacks the parameters of `manifest.filed`",
        ),
        (
            r#"{"version": 1, "tasks": {"manifest.filed": {"parameters": [{"name": "order_id"}]}}}"#,
            "is no manifest of tasks: it lacks the parameters of `manifest.filed`",
        ),
        (
            r#"{"version": 2, "tasks": []}"#,
            "is a manifest of version 2, and this airlock reads version 1: update airlock",
        ),
    ] {
        assert_eq!(said(text, &tasks), format!("`tasks.json` {why}"));
    }
}

#[test]
fn no_task_is_no_manifest() {
    for tasks in [TaskSet::default(), tasks![here]] {
        assert_eq!(
            said("{}", &tasks),
            "no task is linked into this test, or all are `local`, so there is nothing to hold against `tasks.json`: \
             where the tasks are in another crate, write `use that_crate as _;`"
        );
    }
}

#[test]
fn a_path_is_relative_to_the_crate_of_the_caller() {
    let message = panic_of(|| assert_manifest!("no/such.json", tasks![filed]));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("no/such.json");
    assert!(message.starts_with(&format!("`{}` is not there", path.display())), "{message}");
    // Whatever it is a path of.
    panic_of(|| assert_manifest!(OsString::from("no/such.json"), tasks![filed]));
}

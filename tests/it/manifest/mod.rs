//! The manifest: what it says of tasks, and what is said of a binary that differs from it.

mod breaking;
mod compatible;
mod files;
mod text;

use std::fs;
use std::path::PathBuf;

use airlock::TaskSet;
use airlock::testing::assert_manifest;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::panic_of;

/// A folder, and in it the path of a manifest that is not there yet.
fn nowhere() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("there is a place for temporary files");
    let path = folder.path().join("tasks.json");
    (folder, path)
}

/// What the assertion says where the file has this text.
fn said(text: &str, tasks: &TaskSet) -> String {
    let (_folder, path) = nowhere();
    fs::write(&path, text).expect("it can be written");
    let message = panic_of(|| assert_manifest!(&path, *tasks));
    message.replace(path.to_str().expect("it is a text"), "tasks.json")
}

/// The same where the file has these tasks.
fn told(was: &Value, tasks: &TaskSet) -> String {
    said(&json!({ "version": 1, "tasks": was }).to_string(), tasks)
}

const BREAKING: &str =
    "since `tasks.json`, tasks have changed in ways that break messages in flight:\n";
const MEND: &str = "\nmend these; where no such message is left, dead letters included, run the test with \
                    AIRLOCK_MANIFEST=update and commit the file";
const COMPATIBLE: &str =
    "`tasks.json` is out of date, by changes that break no message in flight:\n";
const UPDATE: &str = "\nrun the test with AIRLOCK_MANIFEST=update and commit the file";

/// The only difference, which breaks messages in flight.
#[track_caller]
fn breaks(was: &Value, tasks: &TaskSet) -> String {
    only(&told(was, tasks), BREAKING, MEND)
}

/// The only difference, which breaks none.
#[track_caller]
fn outdates(was: &Value, tasks: &TaskSet) -> String {
    only(&told(was, tasks), COMPATIBLE, UPDATE)
}

#[track_caller]
fn only(message: &str, before: &str, after: &str) -> String {
    let line = message.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    let line = line.and_then(|line| line.strip_prefix("  ")).expect(message);
    assert!(!line.contains('\n'), "one line: {message}");
    line.to_owned()
}

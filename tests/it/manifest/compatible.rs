//! What breaks no message in flight, and puts the file out of date.

use airlock::{TaskSet, tasks};
use serde_json::{Value, json};

use super::outdates;

#[airlock::task(name = "manifest.grown", queue = "bulk", max_attempts = 5, removed = ["pages"])]
fn grown(order_id: u64, #[default(3)] retries: u8, #[secret] note: Option<String>) {
    drop((order_id, retries, note));
}

#[airlock::task(name = "manifest.other", best_effort)]
fn other() {}

/// The manifest of `grown`, after a change.
fn before(change: impl FnOnce(&mut Value)) -> Value {
    let mut task = json!({
        "parameters": [
            { "name": "order_id", "type": "u64" },
            { "name": "retries", "type": "u8", "default": 3 },
            { "name": "note", "type": "Option<String>", "secret": true, "default": null },
        ],
        "queue": "bulk",
        "max_attempts": 5,
        "removed": ["pages"],
    });
    change(&mut task);
    json!({ "manifest.grown": task })
}

fn outdated(change: impl FnOnce(&mut Value)) -> String {
    outdates(&before(change), &tasks![grown])
}

fn parameters(task: &mut Value) -> &mut Vec<Value> {
    task["parameters"].as_array_mut().expect("a list")
}

#[test]
fn a_new_task() {
    assert_eq!(
        outdates(&before(|_| ()), &tasks![grown, other]),
        "`manifest.other` is new: an older worker rejects its messages, so deploy workers first"
    );
}

#[test]
fn a_task_that_is_no_longer_listed() {
    let mut was = before(|_| ());
    was["manifest.other"] = json!({ "parameters": [], "best_effort": true });
    assert_eq!(
        outdates(&was, &tasks![grown]),
        "`manifest.other` is not among the tasks listed, and a message in flight is read as ever"
    );
}

#[test]
fn an_argument_with_a_default() {
    assert_eq!(
        outdated(|task| drop(parameters(task).remove(1))),
        "`manifest.grown`: the argument `retries` is new: a message in flight is read with its default, `3`; an older \
         worker rejects new messages, as surplus, so deploy workers first"
    );
    assert_eq!(
        outdated(|task| drop(parameters(task).remove(2))),
        "`manifest.grown`: the argument `note` is new: a message in flight is read with its default, `null`; an older \
         worker rejects new messages, as surplus, so deploy workers first"
    );
}

#[test]
fn a_removed_argument_that_is_listed() {
    assert_eq!(
        outdated(|task| {
            parameters(task).push(json!({ "name": "pages", "type": "u8" }));
            task["removed"] = json!([]);
        }),
        "`manifest.grown`: the argument `pages` is removed: a message in flight is read without it; an older worker \
         rejects new messages, as missing it, so deploy workers first"
    );
    assert_eq!(
        outdated(|task| {
            parameters(task).push(json!({ "name": "pages", "type": "u8", "default": 0 }));
            task["removed"] = json!([]);
        }),
        "`manifest.grown`: the argument `pages` is removed: a message in flight is read without it; an older worker \
         reads new messages with its default"
    );
    assert_eq!(
        outdated(|task| task["removed"] = json!([])),
        "`manifest.grown`: the argument `pages` is listed as `removed`: a message that has it is read without it"
    );
}

#[test]
fn a_type_that_reads_what_the_old_one_wrote() {
    assert_eq!(
        outdated(|task| parameters(task)[0]["type"] = json!("u32")),
        "`manifest.grown`: the argument `order_id` is `u64` and was `u32`, whose JSON it reads; an older worker may \
         reject new messages, so deploy workers first"
    );
}

#[test]
fn a_default() {
    assert_eq!(
        outdated(|task| parameters(task)[1]["default"] = json!(2)),
        "`manifest.grown`: a message that lacks the argument `retries` is read with `3`, and no longer `2`"
    );
    assert_eq!(
        outdated(|task| {
            parameters(task)[1].as_object_mut().expect("an object").remove("default");
        }),
        "`manifest.grown`: a message that lacks the argument `retries` is read with `3`"
    );
}

#[test]
fn a_secret() {
    assert_eq!(
        outdated(|task| parameters(task)[1]["secret"] = json!(true)),
        "`manifest.grown`: the argument `retries` is not `#[secret]`: an older binary, where it is, reads it as well"
    );
}

#[test]
fn the_order_of_arguments() {
    assert_eq!(
        outdated(|task| parameters(task).swap(0, 1)),
        "`manifest.grown`: the arguments are in another order: messages have them by name; only what Python sends by \
         place is read otherwise"
    );
}

#[test]
fn options() {
    assert_eq!(
        outdated(|task| task["queue"] = json!("emails")),
        "`manifest.grown`: the queue is `bulk` and was `emails`, where messages in flight are: let workers serve both \
         until it is empty"
    );
    assert_eq!(
        outdated(|task| task["max_attempts"] = Value::Null),
        "`manifest.grown`: `max_attempts` is `5` and was the worker's own, which messages in flight keep"
    );
    assert_eq!(
        outdated(|task| task["best_effort"] = json!(true)),
        "`manifest.grown` fails its flush, which messages in flight have behind them"
    );
    assert_eq!(
        outdated(|task| task["default_name"] = json!(true)),
        "`manifest.grown` has its name written, and keeps it when its function moves"
    );
    assert_eq!(
        outdated(|task| task["elsewhere"] = json!(true)),
        "`manifest.grown` is a function now, and this program's workers can run it"
    );
}

#[test]
fn what_another_release_writes() {
    assert_eq!(
        outdated(|task| task["shape"] = json!(["round"])),
        "`manifest.grown` is written otherwise, as by another release or with other features of airlock"
    );
}

#[test]
fn nothing_where_all_is_the_same() {
    let (_folder, path) = super::nowhere();
    let tasks: TaskSet = tasks![grown];
    // However it is spaced: Git changes the ends of lines on some machines.
    let text = json!({ "version": 1, "tasks": before(|_| ()) }).to_string();
    std::fs::write(&path, text).expect("it can be written");
    airlock::testing::assert_manifest!(&path, tasks);
}

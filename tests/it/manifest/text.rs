//! What a manifest says of tasks.

use std::collections::{BTreeMap, HashSet};

use airlock::{Manifest, registry, tasks};
use serde_json::{Value, json};

/// An alias is what its user wrote.
type Names = Vec<String>;

const START: u8 = 2;

fn now() -> u64 {
    panic!("a default that calls something is not asked for")
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Size {
    width: u8,
    height: u8,
}

#[airlock::task(name = "manifest.all", queue = "bulk", max_attempts = 7, best_effort, removed = ["b", "a"])]
fn all(
    #[state] states: &u8,
    names: Names,
    pair: (u8, [u8; 2]),
    map: std::collections::BTreeMap<String, Option<u8>>,
    r#type: u8,
    maybe: Option<u8>,
) {
    drop((states, names, pair, map, r#type, maybe));
}

#[airlock::task(name = "manifest.defaults")]
fn defaults(
    #[default(7 + START)] retries: u8,
    #[default] list: Vec<u8>,
    #[default("en".into())] language: String,
    #[default(now())] at: u64,
) {
    drop((retries, list, language, at));
}

#[airlock::task(name = "manifest.values")]
fn values(
    #[secret]
    #[default("hunter2".into())]
    token: String,
    #[default(Some(Size { width: 1, height: START }))] size: Option<Size>,
    #[default(HashSet::from([3, 1, 2]))] set: HashSet<u8>,
    #[default(-0.5)] ratio: f64,
    #[default] lazy: Panics,
) {
    drop((token, size, set, ratio, lazy));
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
struct Panics;

impl Default for Panics {
    fn default() -> Self {
        panic!("there is none")
    }
}

#[derive(serde::Serialize, serde::Deserialize, airlock::Task)]
struct Struct {
    #[serde(rename = "crate")]
    krate: String,
    #[task(default = 3)]
    version: u8,
}

fn manifest() -> Manifest {
    registry().expect("no two tasks have one name").manifest()
}

fn of(tasks: &airlock::TaskSet, name: &str) -> Value {
    manifest().only(tasks).to_json()["tasks"][name].clone()
}

#[test]
fn it_says_all_that_messages_depend_on() {
    assert_eq!(
        of(&tasks![all], "manifest.all"),
        json!({
            "parameters": [
                { "name": "names", "type": "Names" },
                { "name": "pair", "type": "(u8, [u8; 2])" },
                { "name": "map", "type": "std::collections::BTreeMap<String, Option<u8>>" },
                { "name": "type", "type": "u8" },
                { "name": "maybe", "type": "Option<u8>", "default": null },
            ],
            "queue": "bulk",
            "max_attempts": 7,
            "best_effort": true,
            "removed": ["b", "a"],
        })
    );
}

#[test]
fn a_default_is_a_value_unless_it_calls_something() {
    assert_eq!(
        of(&tasks![defaults], "manifest.defaults")["parameters"],
        json!([
            { "name": "retries", "type": "u8", "default": 9 },
            { "name": "list", "type": "Vec<u8>", "default": [] },
            { "name": "language", "type": "String", "default": "en" },
            { "name": "at", "type": "u64", "default_code": "now()" },
        ])
    );
}

#[test]
fn a_secret_has_no_value_and_a_set_has_an_order() {
    let task = of(&tasks![values], "manifest.values");
    assert_eq!(
        task["parameters"],
        json!([
            { "name": "token", "type": "String", "secret": true, "default_code": "[secret]" },
            { "name": "size", "type": "Option<Size>", "default": { "width": 1, "height": 2 } },
            { "name": "set", "type": "HashSet<u8>", "default": [1, 2, 3] },
            { "name": "ratio", "type": "f64", "default": -0.5 },
            { "name": "lazy", "type": "Panics", "default_code": "Default::default()" },
        ])
    );
    assert!(!task.to_string().contains("hunter2"));
}

#[test]
fn a_struct_goes_by_its_path_unless_it_is_named() {
    let name = "it::manifest::text::Struct";
    assert_eq!(
        of(&tasks![Struct], name),
        json!({
            "parameters": [
                { "name": "crate", "type": "String" },
                { "name": "version", "type": "u8", "default": 3 },
            ],
            "default_name": true,
            "elsewhere": true,
        })
    );
}

#[test]
fn tasks_are_ordered_and_local_ones_left_out() {
    let manifest = manifest();
    let names: Vec<_> = manifest.iter().map(airlock::TaskInfo::name).collect();
    assert!(names.is_sorted() && names.contains(&"manifest.all"), "{names:?}");
    assert!(manifest.iter().all(|task| !task.is_local()));
    let registry = registry().expect("no two tasks have one name");
    assert!(names.len() < registry.len());
}

#[test]
fn the_text_is_the_same_again_and_ends_with_a_line() {
    let text = manifest().to_string();
    assert_eq!(text, manifest().to_string());
    assert!(text.starts_with("{\n  \"tasks\": {\n") && text.ends_with("\n  \"version\": 1\n}\n"));
    let read: Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(read, manifest().to_json());
    let read: BTreeMap<String, Value> = serde_json::from_value(read).expect("an object");
    assert_eq!(read.keys().collect::<Vec<_>>(), ["tasks", "version"]);
}

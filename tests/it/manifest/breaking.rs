//! What breaks messages in flight.

use airlock::tasks;
use serde_json::json;

use super::{breaks, told};

#[airlock::task(name = "manifest.plain")]
fn plain(order_id: u64) {
    let _ = order_id;
}

#[airlock::task(name = "manifest.letter", removed = ["old"])]
fn letter(order_id: u64, remark: String) {
    drop((order_id, remark));
}

#[airlock::task(name = "manifest.quiet")]
fn quiet() {}

#[airlock::task(name = "manifest.here", local)]
fn here(n: u64) {
    let _ = n;
}

#[airlock::task]
fn unnamed(n: u64) {
    let _ = n;
}

#[derive(serde::Serialize, serde::Deserialize, airlock::Task)]
#[task(name = "manifest.job")]
struct Job {
    krate: String,
    version: String,
}

#[test]
fn a_task_that_is_gone() {
    let was = json!({
        "manifest.plain": { "parameters": [{ "name": "order_id", "type": "u64" }] },
        "manifest.former": { "parameters": [] },
    });
    assert_eq!(
        breaks(&was, &tasks![plain]),
        "`manifest.former` is gone: a message in flight is rejected as an unknown task; keep a task of this name \
         until no message of it is left"
    );
}

#[test]
fn a_task_that_is_renamed_or_moved() {
    let arguments = json!([{ "name": "order_id", "type": "u64" }]);
    let text = told(&json!({ "manifest.simple": { "parameters": arguments } }), &tasks![plain]);
    assert!(
        text.contains(
            "\n  `manifest.simple` is gone, and `manifest.plain` has its arguments: a message in flight is rejected \
             as an unknown task; write `name = \"manifest.simple\"` if it was renamed, or `also = [\"manifest.simple\"]` \
             to keep the new name\n"
        ),
        "{text}"
    );
    // Without arguments only the last part of a name tells.
    let text = told(&json!({ "shop::quiet": { "parameters": [] } }), &tasks![quiet]);
    assert!(text.contains("\n  `shop::quiet` is gone, and `manifest.quiet` has its"), "{text}");
    let text = told(&json!({ "shop::other": { "parameters": [] } }), &tasks![quiet]);
    assert!(text.contains("\n  `shop::other` is gone: "), "{text}");
    // Of two that may be meant none is named.
    let arguments = json!([{ "name": "n", "type": "u64" }]);
    let two = tasks![twin_a, twin_b];
    let text = told(&json!({ "manifest.twin": { "parameters": arguments } }), &two);
    assert!(text.contains("\n  `manifest.twin` is gone: "), "{text}");
}

#[airlock::task(name = "manifest.twin_a")]
fn twin_a(n: u64) {
    let _ = n;
}

#[airlock::task(name = "manifest.twin_b")]
fn twin_b(n: u64) {
    let _ = n;
}

#[test]
fn a_task_that_is_local_now() {
    let was = json!({
        "manifest.here": { "parameters": [{ "name": "n", "type": "u64" }] },
        "manifest.plain": { "parameters": [{ "name": "order_id", "type": "u64" }] },
    });
    assert_eq!(
        breaks(&was, &tasks![here, plain]),
        "`manifest.here` is `local` now: a message in flight is rejected; remove `local`, or keep it under another \
         name beside this one"
    );
}

#[test]
fn an_argument_without_default() {
    let was = json!({
        "manifest.letter": {
            "parameters": [{ "name": "order_id", "type": "u64" }],
            "removed": ["old"],
        },
    });
    assert_eq!(
        breaks(&was, &tasks![letter]),
        "`manifest.letter`: the argument `remark` is new and has no default: a message in flight is rejected, as \
         missing it; write `#[default]` on it, or make it an `Option`"
    );
    let was = json!({
        "manifest.job": {
            "parameters": [{ "name": "krate", "type": "String" }],
            "elsewhere": true,
        },
    });
    assert_eq!(
        breaks(&was, &tasks![Job]),
        "`manifest.job`: the argument `version` is new and has no default: a message in flight is rejected, as \
         missing it; write `#[task(default)]` on it, or make it an `Option`"
    );
}

#[test]
fn an_argument_that_is_gone() {
    let was = json!({
        "manifest.letter": {
            "parameters": [
                { "name": "order_id", "type": "u64" },
                { "name": "remark", "type": "String" },
                { "name": "pages", "type": "u8" },
            ],
            "removed": ["old"],
        },
    });
    assert_eq!(
        breaks(&was, &tasks![letter]),
        "`manifest.letter`: the argument `pages` is gone: a message in flight is rejected, as surplus; write \
         `removed = [\"old\", \"pages\"]`, and it is read without it"
    );
}

#[test]
fn an_argument_that_is_renamed() {
    let was = json!({
        "manifest.letter": {
            "parameters": [
                { "name": "order_id", "type": "u64" },
                { "name": "note", "type": "String" },
            ],
            "removed": ["old"],
        },
    });
    assert_eq!(
        breaks(&was, &tasks![letter]),
        "`manifest.letter`: the argument `note` is gone, and `remark` is new and of its type: a message in flight is \
         rejected, for it has the one and lacks the other; write `#[also(\"note\")]` on `remark` if it was renamed, or, \
         to read messages without its value, write `removed = [\"old\", \"note\"]` and `#[default]` on `remark`"
    );
}

#[test]
fn an_argument_of_another_type() {
    let was = json!({
        "manifest.plain": { "parameters": [{ "name": "order_id", "type": "String" }] },
    });
    assert_eq!(
        breaks(&was, &tasks![plain]),
        "`manifest.plain`: the argument `order_id` is `u64` and was `String`: a message in flight is rejected, unless \
         its JSON fits the new type; keep the type, or add an argument with a default"
    );
}

#[test]
fn a_default_that_is_lost() {
    let was = json!({
        "manifest.plain": { "parameters": [{ "name": "order_id", "type": "u64", "default": 7 }] },
    });
    assert_eq!(
        breaks(&was, &tasks![plain]),
        "`manifest.plain`: the argument `order_id` has lost its default, `7`: a message that lacks it is rejected, as \
         missing it; write `#[default]` on it until none is left"
    );
}

#[test]
fn an_argument_that_is_no_longer_listed_as_removed() {
    let was = json!({
        "manifest.plain": {
            "parameters": [{ "name": "order_id", "type": "u64" }],
            "removed": ["note"],
        },
    });
    assert_eq!(
        breaks(&was, &tasks![plain]),
        "`manifest.plain`: the argument `note` is no longer listed as `removed`: a message that still has it is \
         rejected, as surplus; write `removed = [\"note\"]` until none is left"
    );
}

#[test]
fn a_function_that_is_a_struct_now() {
    let was = json!({
        "manifest.job": {
            "parameters": [
                { "name": "krate", "type": "String" },
                { "name": "version", "type": "String" },
            ],
        },
    });
    assert_eq!(
        breaks(&was, &tasks![Job]),
        "`manifest.job` is a struct now, which has no body: this program's workers reject a message in flight; keep \
         the function, or leave its queue to the workers that run it"
    );
}

#[test]
fn a_default_name() {
    let was = json!({
        "it::manifest::breaking::unnamed": {
            "parameters": [{ "name": "n", "type": "u64" }],
            "default_name": true,
        },
    });
    assert_eq!(
        told(&was, &tasks![unnamed]),
        "tasks whose messages outlive a deployment need a name:\n  \
         `it::manifest::breaking::unnamed` goes by its function's path: once that moves, a message in flight is \
         rejected as an unknown task; write `name = \"it::manifest::breaking::unnamed\"`, which it is called now\n\
         or list the tasks that go to an engine, `assert_manifest!(\"…\", tasks![…])`"
    );
}

#[test]
fn each_kind_is_told_apart() {
    let was = json!({
        "manifest.plain": {
            "parameters": [{ "name": "order_id", "type": "u32" }, { "name": "note", "type": "String" }],
        },
    });
    let text = told(&was, &tasks![plain, unnamed]);
    let paragraphs: Vec<_> = text.split("\n\n").collect();
    let [breaking, outdated, unnamed] = paragraphs[..] else { panic!("{text}") };
    let lines = |paragraph: &str| paragraph.lines().filter(|line| line.starts_with("  ")).count();
    assert!(breaking.starts_with(super::BREAKING) && breaking.contains("`note` is gone"), "{text}");
    assert!(outdated.starts_with(super::COMPATIBLE) && outdated.contains("was `u32`"), "{text}");
    assert!(unnamed.contains("goes by its function's path"), "{text}");
    assert_eq!([breaking, outdated, unnamed].map(lines), [1, 2, 1], "{text}");
}

#[airlock::task(name = "manifest.shown")]
fn shown(order_id: u64, #[default] note: String, language: String) {
    drop((order_id, note, language));
}

#[test]
fn the_page_shows_what_is_said() {
    let was = json!({
        "manifest.shown": { "parameters": [{ "name": "order_id", "type": "u64" }] },
    });
    let said = told(&was, &tasks![shown]).replace("manifest.shown", "mail.confirmation");
    assert!(include_str!("../../../docs/testing.md").contains(&said), "{said}");
}

/// Called otherwise before.
#[airlock::task(name = "manifest.renamed", also = ["manifest.was"])]
fn renamed(#[also("order")] order_id: u64) {
    let _ = order_id;
}

#[test]
fn former_names_break_nothing_while_they_are_listed() {
    let parameters = json!([{ "name": "order", "type": "u64" }]);
    let was = json!({ "manifest.was": { "parameters": parameters } });
    let text = told(&was, &tasks![renamed]);
    assert!(
        text.contains(
            "\n  `manifest.was` is called `manifest.renamed`, and a message in flight finds it by its former name; an \
             older worker rejects new messages, so deploy workers first\n"
        ),
        "{text}"
    );
    let was = json!({ "manifest.renamed": { "parameters": parameters } });
    let text = told(&was, &tasks![renamed]);
    assert!(
        text.contains(
            "\n  `manifest.renamed`: the argument `order` is called `order_id`, and a message in flight is read under \
             its former name; an older worker rejects new messages, so deploy workers first\n"
        ),
        "{text}"
    );
    let was = json!({
        "manifest.renamed": {
            "parameters": [{ "name": "order_id", "type": "u64", "also": ["order", "oid"] }],
            "also": ["manifest.was"],
        },
    });
    assert_eq!(
        breaks(&was, &tasks![renamed]),
        "`manifest.renamed`: the argument `order_id` is no longer read under its former name `oid`: a message that has \
         that is rejected, as surplus; write `#[also(\"oid\")]` on it until none is left"
    );
    let was = json!({
        "manifest.renamed": {
            "parameters": [{ "name": "order_id", "type": "u64", "also": ["order"] }],
            "also": ["manifest.was", "manifest.first"],
        },
    });
    assert_eq!(
        breaks(&was, &tasks![renamed]),
        "`manifest.renamed` is no longer found by its former name `manifest.first`: a message that has that is rejected \
         as an unknown task; write `also = [\"manifest.was\", \"manifest.first\"]` until none is left"
    );
}

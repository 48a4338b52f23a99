//! The rooms of `airlock/src` stand on floors: each knows those below it, and no other.

use std::fs;
use std::path::{Path, PathBuf};

/// From the ground up: what stands in one line does not know one another. A room that is not named here belongs to the
/// nearest one that is, and what a line names is no part of the rooms above it.
const FLOORS: &[&[&str]] = &[
    &["core::panics", "core::threads"],
    &["core::cut"],
    &["core::log", "core::wait", "core::timer", "core::backoff", "core::trace"],
    &["core::task"],
    &["core::intent"],
    &["core::registry", "core::report"],
    &["core::policy"],
    &["core::executor"],
    &["core::stack"],
    &["core::run"],
    &["core::flush"],
    &["core::background", "core::scope"],
    &["envelope"],
    &["worker", "transactions::shared", "web", "testing"],
    &["transactions::diesel_shared", "web::tower"],
    &["transactions::sqlx_09"],
    &["transactions::sqlx", "transactions::diesel", "transactions::diesel_async"],
    &["transactions::sea_orm", "transactions::sea_orm_2"],
    &["engines::shared"],
    &["engines::apalis", "engines::graphile", "engines::celery", "engines::dramatiq"],
    &["private"],
];

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../airlock/src")
        .canonicalize()
        .expect("it is there")
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The floor of a module, and the room that it belongs to.
fn room(module: &str) -> Option<(usize, &'static str)> {
    let rooms =
        FLOORS.iter().enumerate().flat_map(|(floor, rooms)| rooms.iter().map(move |r| (floor, *r)));
    rooms
        .filter(|(_, room)| module == *room || module.starts_with(&format!("{room}::")))
        .max_by_key(|(_, room)| room.len())
}

/// The modules that a line of code names, from the crate's root.
fn named(line: &str) -> impl Iterator<Item = &str> {
    let code = if line.trim_start().starts_with("//") { "" } else { line };
    code.match_indices("crate::").filter(|(at, _)| !code[..*at].ends_with('$')).map(|(at, root)| {
        let path = &code[at + root.len()..];
        let end = path.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
        path[..end.unwrap_or(path.len())].trim_end_matches(':')
    })
}

/// The tables of contents, which name what stands in them.
const CONTENTS: &[&str] = &["lib", "core", "engines", "transactions"];

/// What a file may not know, one line each.
fn trespasses(module: &str, file: &str, text: &str) -> Vec<String> {
    let Some((floor, own)) = room(module) else {
        let known = CONTENTS.contains(&module);
        return if known {
            Vec::new()
        } else {
            vec![format!("{file} stands on no floor of `FLOORS`")]
        };
    };
    let mut found = Vec::new();
    for (number, line) in
        (1..).zip(text.lines()).filter(|(_, line)| !line.trim_start().starts_with("#["))
    {
        if line.contains("super::super::") {
            found.push(format!("{file}:{number}: `super::super::` hides the room that it leads to: begin with `crate::`"));
        }
        for path in named(line) {
            let why = match room(path) {
                None => "is a name of the root: name the room that it comes from".to_owned(),
                Some((_, theirs)) if theirs == own => continue,
                Some((below, _)) if below < floor => continue,
                Some((above, _)) => format!("stands on floor {above}, {own} on floor {floor}"),
            };
            found.push(format!("{file}:{number}: `crate::{path}` {why}"));
        }
    }
    found
}

fn module(file: &Path) -> String {
    let path = file.with_extension("");
    let names =
        path.iter().map(|name| name.to_str().expect("a text")).filter(|name| *name != "mod");
    names.collect::<Vec<_>>().join("::")
}

/// A panic's payload is the user's, and may panic when it is dropped: `core::panics` knows what to do about that.
#[test]
fn panics_are_caught_in_one_place() {
    let (root, mut all) = (sources(), Vec::new());
    files(&root, &mut all);
    let catches = |path: &PathBuf| {
        let text = fs::read_to_string(path).expect("a text");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        ["catch_unwind(", "resume_unwind("].iter().any(|call| code.contains(call))
    };
    let found: Vec<_> = all.iter().filter(|path| catches(path)).collect();
    assert_eq!(found, [&root.join("core/panics.rs")]);
}

#[test]
fn every_module_knows_only_the_floors_below_it() {
    let (root, mut all) = (sources(), Vec::new());
    files(&root, &mut all);
    assert!(all.len() > 100, "the sources are elsewhere: {}", root.display());
    let mut found = Vec::new();
    for path in &all {
        let file = path.strip_prefix(&root).expect("below the root");
        let text = fs::read_to_string(path).expect("a text");
        found.extend(trespasses(&module(file), &file.display().to_string(), &text));
    }
    found.sort();
    assert!(found.is_empty(), "imports that run up a floor:\n{}", found.join("\n"));
}

#[test]
fn an_import_that_runs_up_is_named_with_its_line_and_floor() {
    let found = trespasses(
        "core::policy::limit",
        "core/policy/limit.rs",
        "\nuse crate::core::scope::Scope;\n",
    );
    assert_eq!(
        found,
        [
            "core/policy/limit.rs:2: `crate::core::scope::Scope` stands on floor 11, core::policy on floor 6"
        ]
    );
    assert_eq!(
        trespasses("core::scope", "core/scope/mod.rs", "use crate::core::policy::Policy;").len(),
        0
    );
    assert_eq!(trespasses("worker", "worker/mod.rs", "    crate::scope().run(body)").len(), 1);
    assert_eq!(
        trespasses("cellar", "cellar/mod.rs", ""),
        ["cellar/mod.rs stands on no floor of `FLOORS`"]
    );
}

#[test]
fn the_top_of_the_sources_is_a_table_of_contents() {
    let entries = fs::read_dir(sources()).expect("a folder").count();
    assert!(entries <= 10, "{entries} entries: a new file belongs into one of the rooms");
}

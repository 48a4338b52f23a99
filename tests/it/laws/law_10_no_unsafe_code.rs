//! Law 10: **`#![forbid(unsafe_code)]`** in both crates, and no dependency with a published advisory or an
//! exact version pin.
//!
//! That no code is unsafe, nor what the macros emit (`tests/strict`), is shown by the compiler; here, that it
//! is asked. Advisories come out any day, so they are looked up with `cargo deny check advisories`, and not by
//! a test.

use std::fs;
use std::path::{Path, PathBuf};

fn crates() -> [PathBuf; 2] {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    ["airlock", "airlock-macros"].map(|name| workspace.join(name))
}

#[test]
fn both_crates_forbid_unsafe_code_at_their_root() {
    for folder in crates() {
        let root = fs::read_to_string(folder.join("src/lib.rs")).expect("a crate has a root");
        assert!(root.lines().any(|line| line == "#![forbid(unsafe_code)]"), "{}", folder.display());
    }
}

/// The one that is left has its reason beside it.
#[test]
fn no_dependency_is_pinned_but_one() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let manifest = fs::read_to_string(workspace).expect("a workspace has a manifest");
    let pinned = manifest.lines().filter(|line| line.contains("\"="));
    let names: Vec<_> = pinned.filter_map(|line| line.split(' ').next()).collect();
    assert!(names.iter().all(|name| *name == "stack_dst"), "{names:?}");
}

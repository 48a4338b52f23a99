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

/// A pin at one version is one that no dependent can move, not even to one that mends an advisory.
#[test]
fn no_dependency_is_pinned() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let manifests = crates().map(|folder| folder.join("Cargo.toml"));
    for manifest in manifests.iter().chain([&workspace.join("Cargo.toml")]) {
        let text = fs::read_to_string(manifest).expect("a crate has a manifest");
        let pinned: Vec<_> = text.lines().filter(|line| pins(line)).collect();
        assert!(pinned.is_empty(), "{}: {pinned:?}", manifest.display());
    }
}

/// Whether a line of a manifest asks for one version, wherever the `=` stands: `"=1.2"`, `"> 1, = 1.2"`.
fn pins(line: &str) -> bool {
    let code = line.split('#').next().unwrap_or_default();
    let texts = code.split('"').skip(1).step_by(2);
    let mut requirements = texts.flat_map(|text| text.split(','));
    requirements.any(|requirement| requirement.trim_start().starts_with('='))
}

#[test]
fn a_pin_is_seen_wherever_it_stands() {
    for pinned in [r#"a = "=1.2""#, r#"a = { version = "= 1.2" }"#, r#"a = ">=1, =1.2""#] {
        assert!(pins(pinned), "{pinned}");
    }
    for free in [r#"a = "1.2""#, r#"a = ">=1, <2""#, r#"a = "1" # not "=1""#, "a.workspace = true"]
    {
        assert!(!pins(free), "{free}");
    }
}

/// What was given up for its advisory does not come back, by whatever dependency.
#[test]
fn no_dependency_is_one_that_was_given_up() {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    let lock = fs::read_to_string(lock).expect("the workspace has a lock file");
    assert!(
        !lock.contains("name = \"stack_dst\""),
        "it drops a value twice whose destructor panics"
    );
}

//! What doesn't compile, and what rustc says of it.
//!
//! Each file in `ui/` is a mistake, and the `.stderr` beside it is the message to whoever makes it. To record the
//! messages anew: `TRYBUILD=overwrite cargo test -p airlock-ui-tests --test ui`. Read what has changed as the person
//! who made the mistake: the caret is on the mistake, and the text says what to write instead.

use std::env;
use std::fs;
use std::io::{Write as _, stderr};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The toolchain that the messages are compared on: others word theirs otherwise.
const TOOLCHAIN: &str = include_str!("../toolchain");

#[test]
fn mistakes_have_their_messages() {
    let (ours, named) = (rustc(), TOOLCHAIN.trim());
    if ours != named {
        // Not `eprintln!`, of which nothing is seen when a test succeeds.
        let skipped =
            format!("SKIPPED: the messages are compared on rustc {named}, and this is {ours}");
        writeln!(stderr(), "{skipped}").expect("standard error is open");
        return;
    }
    trybuild::TestCases::new().compile_fail("ui/*/*.rs");
}

#[test]
fn messages_are_the_same_on_every_machine() {
    for message in messages() {
        let name = message.display();
        assert!(message.with_extension("rs").exists(), "{name} is of no case");
        let text = fs::read_to_string(&message).expect("it is there and text");
        // rustc quotes the standard library's source only where the component `rust-src` is installed.
        assert!(!text.contains("$RUST"), "{name} points into the standard library");
        let home = env!("CARGO_MANIFEST_DIR");
        assert!(!text.contains(home), "{name} has a path of one machine");
    }
}

/// The version of the rustc that cargo runs: `1.95.0` of `rustc 1.95.0 (59807616e 2026-04-14)`.
fn rustc() -> String {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().expect("cargo has run it, too");
    let text = String::from_utf8(output.stdout).expect("the version is text");
    let version = text.split_whitespace().nth(1).expect("the version is the second word");
    version.to_owned()
}

/// Every `ui/*/*.stderr`.
fn messages() -> Vec<PathBuf> {
    let files = |folder: PathBuf| {
        let entries = fs::read_dir(folder).expect("it is a folder");
        entries.map(|entry| entry.expect("it can be read").path()).collect::<Vec<_>>()
    };
    let ui = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui");
    let files = files(ui).into_iter().flat_map(files);
    files.filter(|file| file.extension().is_some_and(|extension| extension == "stderr")).collect()
}

//! What can't work, and what the program says then.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use super::PROGRAM;
use crate::program::run;

/// The program's last words.
#[track_caller]
fn says(place: &Path, arguments: &[&str], words: &[&str]) {
    let ended = run(PROGRAM, place, arguments, b"");
    assert_eq!(ended.code, Some(1), "{}{}", ended.out, ended.err);
    assert!(!ended.err.contains("secret"), "a password is shown:\n{}", ended.err);
    for word in words {
        assert!(ended.err.contains(word), "no `{word}` in:\n{}", ended.err);
    }
}

#[test]
fn mistakes_are_named_with_the_next_step() {
    let folder = tempfile::tempdir().expect("there is a place for temporary files");
    let folder = folder.path();

    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("it has one").port().to_string();
    says(folder, &["--port", &port], &["can't listen on 127.0.0.1:", "choose another `--port`"]);

    fs::write(folder.join("file"), "").expect("ours");
    says(folder, &["--data", "file"], &["mails can't be put into file/mails"]);

    says(
        folder,
        &["--database", "mysql://root:secret@there/shop"],
        &["mysql://root@there/shop is no database"],
    );
    says(folder, &["--database", "secret"], &["the text given is no database of the shop's"]);
    says(
        folder,
        &["--database", "postgres://user@127.0.0.1:9/shop?password=secret"],
        &["postgres://user@127.0.0.1:9/shop can't be reached"],
    );
    says(
        folder,
        &["--database", "postgres://user:secret@127.0.0.1:9/shop"],
        &["postgres://user@127.0.0.1:9/shop can't be reached"],
    );
    says(folder, &["--queue", "graphile"], &["add `--database postgres://…`"]);

    says(
        folder,
        &["--data", "nowhere", "migrate"],
        &["no tables in nowhere/shop.db", "start `shop` there once"],
    );
    fs::create_dir(folder.join("empty")).expect("ours");
    fs::write(folder.join("empty/shop.db"), "").expect("ours");
    says(folder, &["--data", "empty", "migrate"], &["no tables in empty/shop.db", "no such table"]);

    says(folder, &["--crash-at", "lunch"], &["no step `lunch`", "after-commit"]);
}

//! Running a program to its end.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a program said, and how it ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs `program` in the directory `place`, which it also takes for temporary files.
pub(crate) fn run<A: AsRef<OsStr>>(
    program: &str,
    place: &Path,
    arguments: impl IntoIterator<Item = A>,
    input: &[u8],
) -> Ended {
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(place)
        .envs(["TMPDIR", "TMP", "TEMP"].map(|variable| (variable, place)))
        .env_remove("RUST_BACKTRACE")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program has been built");
    // A program that needs no input may have closed it.
    let _ = child.stdin.take().expect("it is piped").write_all(input);
    let output = child.wait_with_output().expect("the program ends");
    let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
    Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

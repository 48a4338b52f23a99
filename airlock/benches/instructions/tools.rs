//! The programs that gungraun needs, and what to do where they are missing.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

/// gungraun asks for it when the benchmarks are compiled.
const RUNNER: Option<&str> = option_env!("GUNGRAUN_RUNNER");

/// Where programs are looked for: first where `.ci/instructions --install` puts them.
pub(crate) fn path() -> OsString {
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/bin");
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(installed).chain(env::split_paths(&path));
    // Only a folder with a colon in its name can't be joined.
    env::join_paths(folders).unwrap_or(path)
}

/// Whether instructions can be counted here; else what to install.
pub(crate) fn check() -> Result<(), String> {
    let mut missing = Vec::new();
    if !runs("valgrind") {
        missing.push("- valgrind: `apt-get install valgrind`, or your system's package");
    }
    if !runs(RUNNER.unwrap_or("gungraun-runner")) {
        missing.push("- gungraun-runner, of gungraun's version: `.ci/instructions --install`");
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!("Missing:\n{}", missing.join("\n")))
}

fn runs(program: &str) -> bool {
    let mut version = Command::new(program);
    version.arg("--version").env("PATH", path());
    // The runner does not say its version to people: that it starts is what counts.
    version.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

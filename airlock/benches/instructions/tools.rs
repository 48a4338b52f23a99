//! The programs that gungraun needs, and what to do where they are missing.

use std::process::{Command, Stdio};

/// Whether instructions can be counted here; else what to install.
pub(crate) fn check() -> Result<(), String> {
    let runner = std::env::var("GUNGRAUN_RUNNER").unwrap_or_else(|_| "gungraun-runner".to_owned());
    let mut missing = Vec::new();
    if !runs("valgrind") {
        missing.push("- valgrind: `apt-get install valgrind`, or your system's package");
    }
    if !runs(&runner) {
        missing.push(
            "- gungraun-runner, of gungraun's version in Cargo.lock: `.ci/instructions --install` \
             puts it into `target/tools`, where `.ci/instructions` finds it",
        );
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!("Missing:\n{}", missing.join("\n")))
}

fn runs(program: &str) -> bool {
    let mut version = Command::new(program);
    version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    // The runner refuses to say its version, so that it starts at all is what counts.
    version.status().is_ok()
}

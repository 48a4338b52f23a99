//! The program, as a process that is started, asked, stopped and killed.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use super::Place;
use super::http::{self, Answer, FORM};

/// A shop that runs; one that is dropped is killed.
pub(crate) struct Service {
    child: Child,
    out: BufReader<ChildStdout>,
    pub(crate) port: u16,
}

impl Service {
    /// Starts it on a free port, and waits until it is open.
    ///
    /// # Panics
    ///
    /// Where it does not open.
    #[track_caller]
    pub(super) fn start(place: &(impl Place + ?Sized), arguments: &[&str]) -> Self {
        let mut child = command(place)
            .args(["--port", "0", "--admin-token", "secret", "--lost-after", "3"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program has been built");
        let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        out.read_line(&mut line).expect("it is text");
        let port = line.trim().rsplit(':').next().and_then(|port| port.parse().ok());
        let port = port.unwrap_or_else(|| panic!("it does not open: {line}"));
        Self { child, out, port }
    }

    pub(crate) fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let request = http::text("GET", path, headers, "");
        http::send(self.port, &request).expect("the shop answers")
    }

    /// Sends a form.
    pub(crate) fn post(&self, path: &str, headers: &[(&str, &str)], form: &str) -> Answer {
        let headers = [&[FORM], headers].concat();
        let request = http::text("POST", path, &headers, form);
        http::send(self.port, &request).expect("the shop answers")
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it is ours");
        self.child.wait().expect("it can be waited for");
    }

    /// Waits until the process has ended by itself.
    ///
    /// # Panics
    ///
    /// Where it doesn't, in place of a hang.
    #[track_caller]
    pub(crate) fn crashed(mut self) {
        let deadline = Instant::now() + Duration::from_mins(5);
        loop {
            match self.child.try_wait().expect("it can be waited for") {
                Some(status) => return assert!(!status.success(), "it has stopped, not crashed"),
                None => assert!(Instant::now() < deadline, "it did not crash"),
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Tells it to stop, as a process manager does; what it said, and whether all was well.
    pub(crate) fn stop(mut self) -> (bool, String) {
        let killed = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(killed.expect("there is a `kill`").success());
        let mut said = String::new();
        self.out.read_to_string(&mut said).expect("it is text");
        (self.child.wait().expect("it can be waited for").success(), said)
    }
}

/// Runs the program to its end; what it said.
///
/// # Panics
///
/// Where not all is well.
#[track_caller]
pub(super) fn run(place: &dyn Place, arguments: &[&str]) -> String {
    let ended = command(place).args(arguments).output().expect("the program has been built");
    let said = String::from_utf8(ended.stdout).expect("it is text");
    assert!(ended.status.success(), "{said}{}", String::from_utf8_lossy(&ended.stderr));
    said
}

fn command(place: &(impl Place + ?Sized)) -> Command {
    let mut command = Command::new(place.program());
    command.arg("--data").arg(place.data()).args(place.arguments()).env_remove("SHOP_CRASH_AT");
    command
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! Whatever ends `tests/live.sh`, nothing of what it has started is left.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use std::{env, iter};

use tempfile::TempDir;

/// Stands for `cargo`: builds nothing, and runs tests that take their time, in processes of theirs. It
/// ends by itself, should nobody be there any more to end it.
const TESTS: &str = "#!/bin/sh
[ \"$1\" = build ] && exit
sleep 300 &
echo \"ready $AIRLOCK_LIVE_FOLDER\"
wait
";

/// Stands for a shell in which nothing is done.
const SHELL: &str = "#!/bin/sh
echo \"ready $AIRLOCK_LIVE_FOLDER\"
exec sleep 300
";

/// How long it may take to clean up.
const PATIENCE: Duration = Duration::from_secs(30);

/// A `tests/live.sh` whose servers are up.
struct Running {
    script: Script,
    output: Option<BufReader<ChildStdout>>,
    /// Its servers' files.
    folder: PathBuf,
    /// What it has started, each with its name: a number and when it began, which tells it from a later
    /// process of that number.
    started: BTreeMap<(u32, String), String>,
    _place: TempDir,
}

struct Script(Child);

impl Script {
    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args(["-s", signal, &self.0.id().to_string()]).status();
        assert!(sent.expect("there is a `kill`").success());
    }
}

/// Also where a test fails nothing is to be left.
impl Drop for Script {
    fn drop(&mut self) {
        if let Ok(None) = self.0.try_wait() {
            self.signal("TERM");
            self.0.wait().expect("it ends");
        }
    }
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let place = TempDir::new().expect("a folder");
        // PostgreSQL's own user has to get through.
        let all = Permissions::from_mode(0o755);
        fs::set_permissions(place.path(), all.clone()).expect("its permissions");
        for (name, program) in [("cargo", TESTS), ("shell", SHELL)] {
            let path = place.path().join(name);
            fs::write(&path, program).expect("a program");
            fs::set_permissions(path, all.clone()).expect("its permissions");
        }
        let path = env::var_os("PATH").expect("a path");
        let path = iter::once(place.path().to_owned()).chain(env::split_paths(&path));

        // Whoever runs the tests may ignore the signal, and a shell can't trap one that is ignored.
        let mut script = Command::new("env")
            .arg("--default-signal=INT")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../live.sh"))
            .args(arguments)
            .env("TMPDIR", place.path())
            .env("SHELL", place.path().join("shell"))
            .env("PATH", env::join_paths(path).expect("a path"))
            .env_remove("AIRLOCK_POSTGRES_URL")
            .env_remove("AIRLOCK_REDIS_URL")
            .env_remove("AIRLOCK_AMQP_URL")
            .env_remove("AIRLOCK_LIVE_FOLDER")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // What ends these tests is not to end it half-way.
            .process_group(0)
            .spawn()
            .map(Script)
            .expect("it starts");
        let mut output = BufReader::new(script.0.stdout.take().expect("its output"));
        let mut said = String::new();
        let folder = loop {
            let from = said.len();
            assert_ne!(output.read_line(&mut said).expect("text"), 0, "it ended:\n{said}");
            if let Some(folder) = said[from..].strip_prefix("ready ") {
                break PathBuf::from(folder.trim_end());
            }
        };
        let started = started(script.0.id(), &folder);
        for name in ["postgres", "redis-server", "beam.smp", "epmd", "bash"] {
            let there = started.values().any(|started| started == name);
            assert!(there, "no {name} among {started:?}");
        }
        Self { script, output: Some(output), folder, started, _place: place }
    }

    fn leaves_nothing(mut self) {
        let begun = Instant::now();
        let ended = thread::spawn(move || self.script.0.wait().expect("it ends"));
        loop {
            let left = |((pid, birth), _): &(&(u32, String), &String)| {
                process(*pid).is_some_and(|process| process.birth == *birth)
            };
            let left: Vec<_> = self.started.iter().filter(left).collect();
            if left.is_empty() && !self.folder.exists() {
                break;
            }
            let files = fs::read_dir(&self.folder).into_iter().flatten().flatten();
            let files: Vec<_> = files.map(|file| file.file_name()).collect();
            assert!(
                begun.elapsed() < PATIENCE,
                "left are the processes {left:?}, the files {files:?}"
            );
            thread::sleep(Duration::from_millis(50));
        }
        assert!(!ended.join().expect("it was waited for").success(), "it was killed");
    }
}

struct Process {
    name: String,
    parent: u32,
    birth: String,
}

/// A process that has not ended.
fn process(pid: u32) -> Option<Process> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (name, rest) = stat.split_once('(')?.1.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let lives = !matches!(fields.next()?, "Z" | "X");
    let parent = fields.next()?.parse().ok()?;
    let birth = fields.nth(17)?.to_owned();
    lives.then(|| Process { name: name.to_owned(), parent, birth })
}

/// The processes of a script: itself, what knows of its folder, and their children. Its servers are no
/// children of its, and write titles over their arguments and environments.
fn started(script: u32, folder: &Path) -> BTreeMap<(u32, String), String> {
    let knows = |pid: u32| {
        let of = |file: &str| format!("/proc/{pid}/{file}");
        let says = |file: &str| {
            let text = fs::read(of(file)).unwrap_or_default();
            let folder = folder.as_os_str().as_bytes();
            text.windows(folder.len()).any(|part| part == folder)
        };
        let is_in_it = || fs::read_link(of("cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
        says("environ") || says("cmdline") || is_in_it()
    };
    let numbers = fs::read_dir("/proc").expect("processes").flatten();
    let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let all: BTreeMap<u32, Process> =
        numbers.filter_map(|pid| Some((pid, process(pid)?))).collect();
    let own = |pid: u32| pid == script || knows(pid);
    let of_it = |pid: &u32| {
        let mut line = iter::successors(Some(*pid), |pid| Some(all.get(pid)?.parent));
        line.any(own)
    };
    let started = all.iter().filter(|(pid, _)| of_it(pid));
    started.map(|(pid, process)| ((*pid, process.birth.clone()), process.name.clone())).collect()
}

#[test]
#[ignore = "needs servers: run tests/live.sh"]
fn when_it_is_killed() {
    let running = Running::start(&[]);
    running.script.signal("KILL");
    running.leaves_nothing();
}

#[test]
#[ignore = "needs servers: run tests/live.sh"]
fn when_it_is_asked_to_end() {
    let running = Running::start(&[]);
    running.script.signal("TERM");
    running.leaves_nothing();
}

#[test]
#[ignore = "needs servers: run tests/live.sh"]
fn when_it_is_interrupted() {
    let running = Running::start(&[]);
    running.script.signal("INT");
    running.leaves_nothing();
}

/// As in `tests/live.sh | head`.
#[test]
#[ignore = "needs servers: run tests/live.sh"]
fn when_nobody_reads_what_it_says() {
    let mut running = Running::start(&[]);
    running.output = None;
    running.script.signal("TERM");
    running.leaves_nothing();
}

#[test]
#[ignore = "needs servers: run tests/live.sh"]
fn when_it_is_killed_while_a_shell_is_open() {
    let running = Running::start(&["--shell"]);
    running.script.signal("KILL");
    running.leaves_nothing();
}

#[test]
#[ignore = "needs servers: run tests/live.sh"]
fn when_it_is_asked_to_end_while_a_shell_is_open() {
    let running = Running::start(&["--shell"]);
    running.script.signal("TERM");
    running.leaves_nothing();
}

//! The program `jobs`, on SQLite; `tests/live/it/jobs.rs` runs it on servers.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::program::{Ended, run};

const PROGRAM: &str = env!("CARGO_BIN_EXE_jobs");

/// A directory to run in, where the queue's file is as well.
struct Place {
    directory: TempDir,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("there is a place for temporary files");
        Self { directory }
    }

    fn jobs(&self, arguments: &[&str]) -> Ended {
        run(PROGRAM, self.directory.path(), arguments, b"")
    }

    fn jobs_from(&self, arguments: &[&str], orders: &str) -> Ended {
        run(PROGRAM, self.directory.path(), arguments, orders.as_bytes())
    }

    /// A worker that goes on until it is told to stop.
    fn worker(&self) -> Child {
        self.start(&["worker"])
    }

    fn start(&self, arguments: &[&str]) -> Child {
        let place = self.directory.path();
        Command::new(PROGRAM)
            .args(arguments)
            .current_dir(place)
            .env("TMPDIR", place)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program has been built")
    }
}

#[track_caller]
fn says(ended: &Ended, code: i32, lines: &[&str]) {
    assert_eq!(ended.code, Some(code), "{}\n{}", ended.out, ended.err);
    for line in lines {
        let said = ended.out.contains(line) || ended.err.contains(line);
        assert!(said, "no `{line}` in:\n{}\n{}", ended.out, ended.err);
    }
}

/// The first column of a listing.
fn ids(listing: &str) -> Vec<String> {
    let rows = listing.lines().filter(|line| line.contains("no address"));
    rows.filter_map(|row| row.trim_matches('│').split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

/// `kill` from the shell: `-TERM` is how a process manager's signal arrives, `-INT` is Ctrl-C.
fn kill(child: &Child, signal: &str) {
    let killed = Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(killed.expect("there is a `kill`").success());
}

/// Stops a program when it has told how far it is, which it does once a second from its first job on; what it
/// said in all.
fn stopped(mut child: Child, signal: &str) -> (ExitStatus, String, String) {
    let mut err = BufReader::new(child.stderr.take().expect("it is a pipe"));
    let (mut said, mut line) = (String::new(), String::new());
    while !(line.starts_with(|first: char| first.is_ascii_digit()) && line.contains(": ")) {
        line.clear();
        assert!(err.read_line(&mut line).expect("it is text") > 0, "it has ended: {said}");
        said.push_str(&line);
    }
    kill(&child, signal);
    err.read_to_string(&mut said).expect("it is text");
    let output = child.wait_with_output().expect("it ends");
    (output.status, String::from_utf8_lossy(&output.stdout).into_owned(), said)
}

/// The number before these words, or before the same of one thing, in the last line.
fn count(said: &str, words: &str) -> u64 {
    let last = said.lines().last().unwrap_or_default();
    let before = |part: &'_ str| {
        let number =
            part.strip_suffix(words).or_else(|| part.strip_suffix(words.trim_end_matches('s')));
        number.map(|number| number.trim().parse().expect("a number"))
    };
    last.split(", ").find_map(before).unwrap_or_default()
}

#[test]
fn all_in_one_process() {
    let place = Place::new();
    let ended = place.jobs(&[]);
    // Of 60 orders two have no address; eight are the seventh, and are packed at the second attempt.
    says(
        &ended,
        0,
        &["120 jobs are in the queue `jobs`", "178 done", "2 dead letters", "nothing is pending"],
    );
    let row = |task: &str| {
        let row = ended.out.lines().find(|line| line.contains(task)).expect("the task has a row");
        let columns = row.split_whitespace().filter_map(|word| word.parse().ok());
        columns.collect::<Vec<u64>>()
    };
    assert_eq!(row("mail.confirmation"), [58, 6]);
    assert_eq!(row("warehouse.pack"), [60, 8]);
    assert_eq!(row("courier.book"), [60, 0]);
}

#[test]
fn dead_letters_are_listed_shown_tried_again_and_dropped() {
    let place = Place::new();
    says(&place.jobs(&["dead", "list"]), 0, &["there are no dead letters"]);
    place.jobs(&[]);

    let list = place.jobs(&["dead", "list"]);
    says(&list, 0, &["mail.confirmation", "order 17 has no address", "order 43 has no address"]);
    let ids = ids(&list.out);
    assert_eq!(ids.len(), 2, "{}", list.out);

    let shown = place.jobs(&["dead", "show", &ids[0]]);
    says(
        &shown,
        0,
        &["attempts  3", "has no address to send to", "\"task\":\"mail.confirmation\""],
    );

    let some = place.jobs(&["dead", "retry", "nobody", &ids[0], "none"]);
    says(&some, 1, &["1 back in the queue", "there is no dead letter `nobody`, `none`"]);
    says(&place.jobs(&["dead", "drop", "--all"]), 0, &["1 dropped"]);
    says(&place.jobs(&["dead", "list"]), 0, &["there are no dead letters"]);
    says(&place.jobs(&["dead", "show", "nobody"]), 1, &["there is no dead letter `nobody`"]);

    // What was put back is run by the next worker, and given up again; else it fails in place of a hang.
    let mut worker = place.worker();
    let deadline = Instant::now() + Duration::from_mins(5);
    while !place.jobs(&["dead", "list"]).out.contains("no address") {
        assert!(Instant::now() < deadline, "the worker did not try it again");
        std::thread::sleep(Duration::from_millis(100));
    }
    kill(&worker, "-TERM");
    assert!(worker.wait().expect("it ends").success());
}

#[test]
fn enqueued_here_and_run_there_until_told_to_stop() {
    let place = Place::new();
    says(&place.jobs(&["enqueue", "--repeat", "5"]), 0, &["600 jobs are in the queue"]);
    let (mut done, mut dead, mut told) = (0, 0, false);
    for signal in ["-TERM", "-INT"].into_iter().cycle().take(40) {
        let (status, out, said) = stopped(place.worker(), signal);
        assert!(status.success(), "{said}");
        assert!(said.contains("stopping: what runs may finish"), "{said}");
        told |= said.contains(" done");
        done += count(&out, "done");
        dead += count(&out, "dead letters");
        if done >= 890 && dead >= 10 {
            break;
        }
    }
    // Five times what `all_in_one_process` has: nothing is lost, and nothing run twice.
    assert_eq!((done, dead), (890, 10));
    assert!(told, "a pipe gets lines");
}

#[test]
fn what_an_interrupted_run_has_left_is_run_by_the_next_one() {
    let place = Place::new();
    let first = place.start(&["--repeat", "10", "--concurrency", "1"]);
    let (status, said, told) = stopped(first, "-INT");
    assert!(status.success(), "{told}");
    let (done, dead) = (counted(&said, "done"), counted(&said, "dead letters"));
    assert!(done < 1_780, "it was interrupted: {said}");

    let second = place.jobs(&[]);
    says(&second, 0, &["120 jobs are in the queue"]);
    let all = (done + counted(&second.out, "done"), dead + counted(&second.out, "dead letters"));
    // Eleven times what `all_in_one_process` has.
    assert_eq!(all, (1_958, 22));
}

/// The number before these words, wherever they are.
fn counted(said: &str, words: &str) -> u64 {
    said.lines().map(|line| count(line, words)).max().unwrap_or_default()
}

/// `script` runs a program on a terminal of its own.
#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_a_bar_moves() {
    let place = Place::new();
    let shown = Command::new("script")
        .args(["--quiet", "--return", "--command", PROGRAM, "/dev/null"])
        .current_dir(place.directory.path())
        .env("TMPDIR", place.directory.path())
        .output()
        .expect("there is a `script`");
    let shown = String::from_utf8_lossy(&shown.stdout);
    assert!(shown.contains("178 done") && shown.contains("2 dead letters"), "{shown}");
    let drawn = shown.matches("\u{1b}[2K").count();
    assert!(drawn > 5, "drawn {drawn} times: {shown}");
}

#[test]
fn a_bad_file_enqueues_nothing() {
    let place = Place::new();
    let bad = "id,email,item\n1,ada@example.com,teapot\ntwo,alan@example.com,lamp\n";
    let ended = place.jobs_from(&["enqueue", "--orders", "-"], bad);
    says(&ended, 1, &["standard input can't be read, and nothing was enqueued", "line: 3"]);
    let ended = place.jobs(&["enqueue", "--orders", "nowhere.csv"]);
    says(&ended, 1, &["jobs: nowhere.csv can't be opened"]);

    let ended = place.jobs_from(&["enqueue", "--orders", "-"], "id,mail,item\n");
    says(&ended, 1, &["its first line has no `email`; it should be `id,email,item`"]);
    says(&place.jobs_from(&["enqueue", "--orders", "-"], ""), 1, &["has no `id`"]);
    let ended = place.jobs(&["enqueue", "--orders", "."]);
    says(&ended, 1, &[". can't be read, and nothing was enqueued", "directory"]);

    fs::write(place.directory.path().join("empty.csv"), "id,email,item\n").expect("ours");
    says(&place.jobs(&["enqueue", "--orders", "empty.csv"]), 0, &["0 jobs are in the queue"]);
}

#[test]
fn an_engine_that_is_not_there_is_named() {
    let place = Place::new();
    let ended = place.jobs(&["--engine", "redis", "--url", "redis://127.0.0.1:9/", "enqueue"]);
    says(&ended, 1, &["127.0.0.1:9"]);
}

/// Whoever can write to the queue chooses these texts, and whoever looks at them has a terminal.
#[test]
fn what_a_message_says_is_one_line_that_no_terminal_obeys() {
    const HOSTILE: &str = "x\r\nERROR forged \u{1b}[2J\u{9b}1m\u{202e}\u{2066}\u{7}";
    let place = Place::new();
    says(&place.jobs(&["dead", "list"]), 0, &["there are no dead letters"]);
    let files = fs::read_dir(place.directory.path()).expect("a folder");
    let files = files.map(|file| file.expect("a file").path());
    let mut file = files.filter(|file| file.extension().is_some_and(|extension| extension == "db"));
    let file = file.next().expect("the queue's file");
    let jobs = rusqlite::Connection::open(file).expect("opened");
    let body = serde_json::json!({
        "airlock": 1,
        "id": "0198c0de-0000-7000-8000-000000000000",
        "task": HOSTILE,
        "arguments": {"note": HOSTILE},
        "enqueued_at": "2026-11-23T20:31:21Z",
    });
    let raw = format!("{HOSTILE} is no envelope");
    for (id, body) in [(format!("1{HOSTILE}"), body.to_string()), (format!("2{HOSTILE}"), raw)] {
        let result = serde_json::json!({ "Err": HOSTILE }).to_string();
        jobs.execute(
            "INSERT INTO Jobs (job, id, job_type, status, attempts, max_attempts, run_at, done_at, last_result)
                VALUES (?1, ?2, 'jobs', 'Killed', 1, 3, 1, 1, ?3)",
            rusqlite::params![body.as_bytes(), id, result],
        )
        .expect("a row");
    }
    let mut shown = place.jobs(&["dead", "list"]).out;
    assert!(shown.contains("ERROR forged"), "{shown}");
    for id in [1, 2] {
        shown += &place.jobs(&["dead", "show", &format!("{id}{HOSTILE}")]).out;
    }
    let obeyed = |c: &char| c.is_control() && *c != '\n' || ('\u{2028}'..='\u{202e}').contains(c);
    let obeyed = shown.chars().filter(obeyed).count();
    let forged = shown.lines().filter(|line| line.starts_with("ERROR")).count();
    println!("hostile texts in 2 dead letters: {obeyed} control characters, {forged} forged lines");
    assert_eq!((obeyed, forged), (0, 0), "{shown:?}");
}

//! The program `orders`.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::program::{Ended, run};

const PROGRAM: &str = env!("CARGO_BIN_EXE_orders");

/// A directory to run in.
struct Place {
    directory: TempDir,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("there is a place for temporary files");
        Self { directory }
    }

    fn with(file: &str, content: impl AsRef<[u8]>) -> Self {
        let place = Self::new();
        fs::write(place.directory.path().join(file), content).expect("the directory is ours");
        place
    }

    fn orders(&self, arguments: &[&str]) -> Ended {
        run(PROGRAM, self.directory.path(), arguments, b"")
    }

    /// The database's orders: their numbers, and whether they are processed.
    fn database(&self, file: &str) -> Vec<(i64, bool)> {
        let path = self.directory.path().join(file);
        let database = Connection::open(path).expect("it is a database");
        let mut select = database
            .prepare("SELECT id, processed FROM orders ORDER BY id")
            .expect("it has the orders");
        let rows = select.query_map((), |row| Ok((row.get(0)?, row.get(1)?)));
        rows.expect("they can be read").map(|row| row.expect("of these types")).collect()
    }
}

impl Ended {
    #[track_caller]
    fn says(&self, lines: &[&str]) {
        for line in lines {
            assert!(self.out.contains(line), "no `{line}` in:\n{}\n{}", self.out, self.err);
        }
    }

    #[track_caller]
    fn complains(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{}\n{}", self.out, self.err);
        for words in words {
            assert!(self.err.contains(words), "no `{words}` in:\n{}", self.err);
        }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.out).expect("standard output is one JSON document")
    }
}

#[test]
fn five_scopes_in_turn() {
    let place = Place::new();
    let ended = place.orders(&[]);
    ended.complains(0, &["orders: skipped line 4 of orders.csv (the sample): quantity is `three`"]);
    ended.says(&[
        "ada@example.com reads: Your order 1 is on its way.",
        "scope api: 6 dispatched",
        "scope migration: 6 dropped",
        "`warehouse.notify(order_id: 1)` was refused by AssertNoEffects",
        "scope check: nothing enqueued",
        "6 own, 0 captured",
        "scope admin: 3 dispatched, 3 dropped",
        "3 orders read, 1 bad row skipped, 3 orders in the database",
        "Inspection   0 of 3 processed, 0 dispatched, rolled back",
    ]);
    let headings = ended.out.lines().filter(|line| line.starts_with("== "));
    let headings: Vec<_> = headings.filter_map(|line| line[3..].split([':', ' ']).next()).collect();
    assert_eq!(headings, ["API", "Migration", "Pure", "Inspection", "Admin", "Summary"]);
}

#[test]
fn the_database_is_where_it_says() {
    let place = Place::new();
    let document = place.orders(&["--json"]).json();
    let database = document["database"].as_str().expect("a path");
    assert!(database.ends_with(".sqlite"), "{database}");
    assert_eq!(place.database(database), [(1, true), (2, true), (4, true)]);
}

#[test]
fn a_scope_saves_what_it_processed() {
    let place = Place::new();
    for (scope, processed) in [
        ("api", true),
        ("migration", true),
        ("check", false),
        ("inspection", false),
        ("admin", true),
    ] {
        let ended = place.orders(&["--scope", scope, "--database", "kept.sqlite"]);
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        assert_eq!(ended.out.matches("\n== ").count(), 2, "one scope and the summary");
        let orders = place.database("kept.sqlite");
        assert_eq!(orders, [1, 2, 4].map(|id| (id, processed)), "{scope}");
    }
}

#[test]
fn json_is_one_document() {
    let ended = Place::new().orders(&["--json"]);
    ended.complains(0, &["line 4"]);
    let document = ended.json();
    assert_eq!(document["orders"], json!({ "read": 3, "in_database": 3 }));
    let reason = "quantity is `three`; a whole number from 1 is wanted";
    assert_eq!(document["skipped"], json!([{ "line": 4, "reason": reason }]));

    let scopes = document["scopes"].as_array().expect("a list");
    let of = |key: &str| scopes.iter().map(|scope| scope[key].clone()).collect::<Vec<_>>();
    assert_eq!(of("name"), ["api", "migration", "check", "inspection", "admin"]);
    assert_eq!(of("processed"), [3, 3, 0, 0, 3]);
    let heard = of("heard").into_iter().map(|heard| heard.as_array().map(Vec::len));
    assert_eq!(heard.collect::<Vec<_>>(), [6, 0, 0, 0, 3].map(Some));

    let fate = |scope: usize, entry: usize| &scopes[scope]["report"]["entries"][entry]["fate"];
    assert_eq!([fate(0, 0), fate(0, 1)], ["dispatched", "dispatched"]);
    assert_eq!([fate(1, 0), fate(1, 1)], ["dropped by DropAll", "dropped by DropAll"]);
    assert_eq!([fate(4, 0), fate(4, 1)], ["dispatched", "dropped by BlockTasks"]);
    assert!(scopes[2]["failure"].to_string().contains("AssertNoEffects"));
    let first = json!({
        "task": "warehouse.notify",
        "arguments": { "order_id": 1 },
        "leaves": true,
    });
    assert_eq!(scopes[3]["inspection"]["own"][0], first);
}

#[test]
fn orders_come_from_standard_input() {
    let place = Place::new();
    let input = b"quantity,note,id,email,item\n2,\"two,\nat once\",7,mary@example.com,loom\n";
    let arguments = ["--orders", "-", "--scope", "api"];
    let ended = run(PROGRAM, place.directory.path(), arguments, input);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    ended.says(&[
        "Orders from standard input",
        "mary@example.com reads",
        "scope api: 2 dispatched",
    ]);
}

#[test]
fn bad_rows_are_named_by_line_and_counted() {
    let csv = b"id,email,item,quantity\r\n\
        1,ada@example.com,teapot,1\r\n\
        \r\n\
        two,grace@example.com,lamp,2\r\n\
        3,nobody,\"blan\r\nket\",1\r\n\
        4,edsger@example.com,chair\r\n\
        5,alan@example.com,,1\r\n\
        6,alan@example.com,\xff,1\r\n\
        1,mary@example.com,loom,1\r\n\
        8,mary@example.com,loom,0\r\n\
        99999999999999999999,mary@example.com,loom,1\r\n\
        9,mary@example.com,loom,5000000000\r\n\
        10,mary@example.com,loom,1";
    let place = Place::with("orders.csv", csv);
    let ended = place.orders(&["--orders", "orders.csv", "--scope", "api"]);
    let (wanted, too_large) = ("a whole number from 1 is wanted", "which is too large");
    let expected = [
        (4, format!("id is `two`; {wanted}")),
        (5, "email is `nobody`, which is no address".into()),
        (7, "the first line has 4 fields, this one has 3".into()),
        (8, "item is empty".into()),
        (9, "the text is not UTF-8".into()),
        (10, "order 1 is on line 2 already".into()),
        (11, format!("quantity is `0`; {wanted}")),
        (12, format!("id is `99999999999999999999`, {too_large}")),
        (13, format!("quantity is `5000000000`, {too_large}")),
    ];
    let complaints = expected
        .map(|(line, reason)| format!("orders: skipped line {line} of orders.csv: {reason}"));
    assert_eq!(ended.err.lines().collect::<Vec<_>>(), complaints);
    assert_eq!(ended.code, Some(0));
    ended.says(&["2 orders read, 9 bad rows skipped, 2 orders in the database"]);
}

#[test]
fn no_orders_are_no_error() {
    let header = "id,email,item,quantity\n";
    let bad = format!("{header}one,two,three,four\n");
    for (content, summary) in [
        ("", "0 orders read, 0 bad rows skipped, 0 orders in the database"),
        ("\n\n", "0 orders read, 0 bad rows skipped, 0 orders in the database"),
        (header, "0 orders read, 0 bad rows skipped, 0 orders in the database"),
        (&bad, "0 orders read, 1 bad row skipped, 0 orders in the database"),
    ] {
        let place = Place::with("orders.csv", content);
        let ended = place.orders(&["--orders", "orders.csv"]);
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        ended.says(&["There are none: nothing to process.", summary]);
        assert!(!ended.out.contains("scope"), "{}", ended.out);
        let document = place.orders(&["--orders", "orders.csv", "--json"]).json();
        assert_eq!(document["scopes"], json!([]));
    }
}

#[test]
fn a_database_keeps_its_orders() {
    let place = Place::with("more.csv", "id,email,item,quantity\n2,new@example.com,desk,1\n");
    place.orders(&["--database", "kept.sqlite"]);
    let arguments = ["--database", "kept.sqlite", "--orders", "more.csv", "--scope", "api"];
    let ended = place.orders(&arguments);
    ended.says(&[
        "new@example.com reads: Your order 2",
        "1 order read",
        "3 orders in the database",
    ]);
    assert!(!ended.out.contains("grace@example.com"), "{}", ended.out);
}

#[test]
fn a_task_that_fails_is_an_exit_code() {
    let csv = "id,email,item,quantity\n1,ada@example.invalid,teapot,1\n2,alan@example.com,lamp,1\n";
    let place = Place::with("orders.csv", csv);
    let ended = place.orders(&["--orders", "orders.csv"]);
    assert_eq!(ended.code, Some(5), "{}", ended.err);
    ended.says(&[
        "failed: the mail to ada@example.invalid bounced: no such host",
        "scope api: 1 dispatched, 1 failed, 2 not attempted",
        "scope admin: 2 dispatched, 2 dropped",
    ]);
}

#[test]
fn orders_that_cannot_be_read() {
    let place = Place::with("orders.csv", "id,mail,item,quantity\n1,ada@example.com,teapot,1\n");
    let missing = place.orders(&["--orders", "missing.csv", "--json"]);
    missing.complains(3, &["the orders in missing.csv can't be read: "]);
    assert_eq!(missing.out, "");
    place.orders(&["--orders", "."]).complains(3, &["the orders in . can't be read: "]);
    let lacks = "the first line must name the columns id, email, item, quantity; it lacks email";
    place.orders(&["--orders", "orders.csv"]).complains(3, &[lacks]);
}

#[test]
fn a_database_that_cannot_be_used() {
    let place = Place::with(
        "text.sqlite",
        "This is no database, however long one looks at it. ".repeat(20),
    );
    place.orders(&["--database", "missing/orders.sqlite"]).complains(4, &["the database: "]);
    place.orders(&["--database", "text.sqlite"]).complains(4, &["the database: "]);
}

#[test]
fn wrong_arguments() {
    let place = Place::new();
    let ended = place.orders(&["--scope", "amdin"]);
    ended.complains(2, &["amdin", "api, migration, check, inspection, admin"]);
    place.orders(&["--order", "x"]).complains(2, &["'--orders'"]);
}

#[test]
fn help() {
    let ended = Place::new().orders(&["--help"]);
    assert_eq!(ended.code, Some(0));
    ended.says(&["--orders <FILE>", "--scope <NAME>", "migration:", "--json", "Exit codes:"]);
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let place = Place::new();
    for more in ["--json", "--scope=api"] {
        let mut child = Command::new(PROGRAM)
            .args(["--orders", "-", "--database", "kept.sqlite", more])
            .current_dir(&place.directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program has been built");
        // It waits for its orders until nobody is left to read what it makes of them.
        drop(child.stdout.take());
        let mut input = child.stdin.take().expect("it is piped");
        input.write_all(b"id,email,item,quantity\n1,a@b,c,1\n").expect("it reads");
        drop(input);
        let output = child.wait_with_output().expect("the program ends");
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    }
}

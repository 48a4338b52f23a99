//! The program `shop`, on SQLite; `tests/live` runs it on PostgreSQL.

mod counts;
mod disconnects;
mod http;
mod kills;
mod load;
mod mistakes;
mod requests;
mod service;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

use counts::{Counts, Row};
use service::Service;

const PROGRAM: &str = env!("CARGO_BIN_EXE_shop");

/// What proves an admin.
const ADMIN: (&str, &str) = ("authorization", "Bearer secret");

/// A folder with a shop's data in it.
struct Place {
    directory: TempDir,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("there is a place for temporary files");
        Self { directory }
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// A shop that runs; what a killed one held is taken over after 3 seconds.
    fn open(&self, arguments: &[&str]) -> Service {
        Service::start(PROGRAM, &self.data(), &[&["--lost-after", "3"], arguments].concat())
    }

    /// What is in the database, whoever else is at it.
    fn database(&self) -> Connection {
        let file = self.data().join("shop.db");
        let database = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY);
        let database = database.expect("the shop has made it");
        database.busy_timeout(Duration::from_secs(10)).expect("it can be set");
        database
    }

    fn orders(&self) -> Vec<Row> {
        let database = self.database();
        let mut select =
            database.prepare("SELECT id, email, state FROM shop_orders").expect("it is SQL");
        let orders = select.query_map((), |row| {
            Ok(Row { id: row.get(0)?, email: row.get(1)?, state: row.get(2)? })
        });
        orders.expect("there are orders").map(|order| order.expect("it is one")).collect()
    }

    /// Waits until every job is done.
    #[track_caller]
    fn drained(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let open = "SELECT count(*) FROM Jobs WHERE status <> 'Done'";
            let open: u64 = self.database().query_row(open, (), |row| row.get(0)).expect("a count");
            if open == 0 {
                return;
            }
            assert!(Instant::now() < deadline, "{open} jobs are not done");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Lets a worker do what there is to do, and counts.
    #[track_caller]
    fn settled(&self) -> Counts {
        let shop = self.open(&[]);
        self.drained();
        let (well, said) = shop.stop();
        assert!(well, "{said}");
        Counts::of(&self.orders(), &self.data())
    }

    fn mails(&self) -> Vec<String> {
        names(&self.data().join("mails"))
    }
}

fn names(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).expect("the shop has made it");
    let names = files.map(|file| file.expect("it can be listed").file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().expect("ASCII")).collect();
    names.sort();
    names
}

/// Waits until something is so.
#[track_caller]
fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is() {
        assert!(Instant::now() < deadline, "{what} has not happened");
        std::thread::sleep(Duration::from_millis(10));
    }
}

//! The program `shop`, on SQLite; `tests/live` runs it on PostgreSQL.

mod mistakes;
mod suite;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

use suite::{Place, Row, suite};

const PROGRAM: &str = env!("CARGO_BIN_EXE_shop");

/// A folder, in which the database is as well.
struct Folder {
    data: PathBuf,
    _directory: TempDir,
}

impl Folder {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("there is a place for temporary files");
        Self { data: directory.path().join("data"), _directory: directory }
    }

    fn database(&self) -> Connection {
        let file = self.data.join("shop.db");
        let database = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY);
        let database = database.expect("the shop has made it");
        database.busy_timeout(Duration::from_secs(10)).expect("it can be set");
        database
    }
}

impl Place for Folder {
    fn program(&self) -> PathBuf {
        PROGRAM.into()
    }

    fn data(&self) -> &Path {
        &self.data
    }

    fn arguments(&self) -> Vec<String> {
        Vec::new()
    }

    fn orders(&self) -> Vec<Row> {
        let database = self.database();
        let select = database.prepare(Row::SELECT);
        let mut select = select.expect("it is SQL");
        let orders = select.query_map((), |row| {
            Ok(Row {
                id: row.get(0)?,
                email: row.get(1)?,
                state: row.get(2)?,
                records: row.get(3)?,
            })
        });
        orders.expect("there are orders").map(|order| order.expect("it is one")).collect()
    }

    fn jobs_left(&self) -> i64 {
        let left = "SELECT count(*) FROM Jobs WHERE status <> 'Done'";
        self.database().query_row(left, (), |row| row.get(0)).expect("a count")
    }
}

suite! { Folder::new }

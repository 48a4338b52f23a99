//! What tasks did, in a file that outlives their process.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A file to which workers of any process append a line for what a task did with an order.
#[derive(Debug)]
pub struct Record {
    path: PathBuf,
    file: File,
}

impl Record {
    /// The file at this path, created if there is none.
    ///
    /// # Panics
    ///
    /// Where it can't be written.
    pub fn at(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().to_owned();
        let file = OpenOptions::new().create(true).append(true).open(&path).expect("a file");
        Self { path, file }
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends one line, whole, also while other processes append theirs.
    ///
    /// # Panics
    ///
    /// Where it can't be written.
    pub fn append(&self, event: &str, order_id: u64) {
        let line = format!("{event} {order_id}\n");
        (&self.file).write_all(line.as_bytes()).expect("a line");
    }

    /// How often that happened to each order.
    ///
    /// # Panics
    ///
    /// Where it can't be read.
    pub fn count(&self, event: &str) -> BTreeMap<u64, usize> {
        let mut counts = BTreeMap::new();
        for (_, order_id) in self.lines().into_iter().filter(|(of, _)| of == event) {
            *counts.entry(order_id).or_default() += 1;
        }
        counts
    }

    /// What happened to which order, in order.
    ///
    /// # Panics
    ///
    /// Where it can't be read.
    pub fn lines(&self) -> Vec<(String, u64)> {
        let text = fs::read_to_string(&self.path).expect("the file");
        // Of a line that is being written only a part may be there yet.
        let (whole, _) = text.rsplit_once('\n').unwrap_or_default();
        let lines = whole.lines().filter_map(|line| line.split_once(' '));
        lines.map(|(event, order)| (event.to_owned(), order.parse().expect("an order"))).collect()
    }
}

//! What tasks did, in a file that outlives their process.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::Trace;

/// A file to which workers of any process append a line for what a task did with an order.
#[derive(Debug)]
pub struct Record {
    path: PathBuf,
    file: File,
    trace: Option<Arc<Trace>>,
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
        Self { path, file, trace: None }
    }

    /// Notes also in this trace when a task begins.
    #[must_use]
    pub fn traced(self, trace: Arc<Trace>) -> Self {
        Self { trace: Some(trace), ..self }
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
        if let (Some(trace), "begun") = (&self.trace, event) {
            trace.run(usize::try_from(order_id).expect("a message's index"));
        }
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

//! Orders from a CSV file.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use csv::{ErrorKind, ReaderBuilder, Trim};

use crate::row::{Columns, Row};

/// The orders of somebody who has none at hand.
const SAMPLE: &[u8] = include_bytes!("../../../orders.csv");

/// What was read, and from where.
pub(crate) struct Input {
    pub(crate) source: String,
    pub(crate) rows: Vec<Row>,
    pub(crate) bad: Vec<BadRow>,
}

/// A row that is no order.
pub(crate) struct BadRow {
    /// The line on which it begins, from 1.
    pub(crate) line: usize,
    pub(crate) reason: String,
}

/// The orders can't be read at all.
pub(crate) struct InputError {
    source: String,
    reason: String,
}

impl Input {
    /// Reads the file, standard input for `-`, or the sample.
    pub(crate) fn read(path: Option<&Path>) -> Result<Self, InputError> {
        let (source, data) = match path {
            None => ("orders.csv (the sample)".to_owned(), Ok(SAMPLE.to_vec())),
            Some(path) if path == "-" => ("standard input".to_owned(), all_of(io::stdin().lock())),
            Some(path) => (path.display().to_string(), File::open(path).and_then(all_of)),
        };
        let read = data.map_err(|error| error.to_string()).and_then(|data| read_rows(&data));
        match read {
            Ok((rows, bad)) => Ok(Self { source, rows, bad }),
            Err(reason) => Err(InputError { source, reason }),
        }
    }
}

fn all_of(mut reader: impl Read) -> io::Result<Vec<u8>> {
    let mut data = Vec::new();
    reader.read_to_end(&mut data)?;
    Ok(data)
}

fn read_rows(data: &[u8]) -> Result<(Vec<Row>, Vec<BadRow>), String> {
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(data);
    let header = reader.headers().map_err(|error| reason(&error))?;
    if header.is_empty() {
        // A file without a line is a file without orders.
        return Ok((Vec::new(), Vec::new()));
    }
    let columns = Columns::find(header)?;
    let (mut rows, mut bad) = (Vec::new(), Vec::new());
    let mut lines = Lines { data, passed: 0, line: 1 };
    let mut line_of_order = HashMap::new();
    for record in reader.records() {
        let (position, row) = match &record {
            Ok(record) => (record.position(), Row::parse(record, &columns)),
            Err(error) => (error.position(), Err(reason(error))),
        };
        let line = lines.line_from(position.map_or(0, csv::Position::byte));
        let row = row.and_then(|row| match line_of_order.entry(row.id) {
            Entry::Occupied(first) => {
                Err(format!("order {} is on line {} already", row.id, first.get()))
            }
            Entry::Vacant(vacant) => {
                vacant.insert(line);
                Ok(row)
            }
        });
        match row {
            Ok(row) => rows.push(row),
            Err(reason) => bad.push(BadRow { line, reason }),
        }
    }
    Ok((rows, bad))
}

/// Counts lines as editors do. The CSV reader's own count stops short of blank lines and of the
/// second half of a CRLF.
struct Lines<'a> {
    data: &'a [u8],
    passed: usize,
    line: usize,
}

impl Lines<'_> {
    /// The line of the first text at this byte or after it.
    fn line_from(&mut self, byte: u64) -> usize {
        let byte = usize::try_from(byte).unwrap_or(usize::MAX).min(self.data.len());
        let blank = self.data[byte..].iter().take_while(|byte| b"\r\n".contains(byte));
        let text = byte + blank.count();
        let passed = &self.data[self.passed..text];
        self.line += passed.split(|byte| *byte == b'\n').count() - 1;
        self.passed = text;
        self.line
    }
}

/// What the CSV reader says, without the position that is reported beside it.
fn reason(error: &csv::Error) -> String {
    match error.kind() {
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("the first line has {expected_len} fields, this one has {len}")
        }
        ErrorKind::Utf8 { .. } => "the text is not UTF-8".to_owned(),
        _ => error.to_string(),
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the orders in {} can't be read: {}", self.source, self.reason)
    }
}

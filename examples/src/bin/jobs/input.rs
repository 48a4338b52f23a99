//! Orders from a CSV file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use airlock::BoxError;
use csv::{ReaderBuilder, Trim};
use serde::Deserialize;

/// The orders of somebody who has none at hand.
const SAMPLE: &[u8] = include_bytes!("../../../jobs.csv");

/// The columns of an order.
const COLUMNS: [&str; 3] = ["id", "email", "item"];

#[derive(Clone, Deserialize)]
pub(crate) struct Order {
    pub(crate) id: u64,
    pub(crate) email: String,
    pub(crate) item: String,
}

/// Reads the file, standard input for `-`, or the sample: all of it, or the first mistake.
pub(crate) fn read(path: Option<&Path>) -> Result<Vec<Order>, BoxError> {
    let (place, reader): (String, Box<dyn Read>) = match path {
        None => ("the sample".into(), Box::new(SAMPLE)),
        Some(path) if path == "-" => ("standard input".into(), Box::new(io::stdin())),
        Some(path) => {
            let place = path.display().to_string();
            let file = File::open(path);
            let file = file.map_err(|error| format!("{place} can't be opened: {error}"))?;
            (place, Box::new(file))
        }
    };
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(reader);
    let unreadable =
        |why: String| format!("{place} can't be read, and nothing was enqueued: {why}");
    let header = reader.headers().map_err(|error| unreadable(error.to_string()))?;
    if let Some(missing) = COLUMNS.iter().find(|column| !header.iter().any(|name| name == **column))
    {
        let columns = COLUMNS.join(",");
        return Err(unreadable(format!(
            "its first line has no `{missing}`; it should be `{columns}`"
        ))
        .into());
    }
    let orders: Result<_, _> = reader.deserialize().collect();
    orders.map_err(|error| unreadable(error.to_string()).into())
}

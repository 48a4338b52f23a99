//! The output for machines.

use std::io::{self, Write};

use airlock::{Inspected, Inspection};
use clap::ValueEnum;
use serde_json::{Value, json};

use crate::input::BadRow;
use crate::run::{Outcome, Passage};
use crate::seen::Table;

/// Writes everything as one document.
pub(crate) fn document(outcome: &Outcome) -> io::Result<()> {
    let Outcome { input, database, orders, passages } = outcome;
    let skipped = input.bad.iter();
    let skipped = skipped.map(|BadRow { line, reason }| json!({ "line": line, "reason": reason }));
    let document = json!({
        "source": input.source,
        "database": database,
        "orders": { "read": input.rows.len(), "in_database": orders },
        "skipped": skipped.collect::<Value>(),
        "scopes": passages.iter().map(scope).collect::<Value>(),
    });
    writeln!(io::stdout().lock(), "{document:#}")
}

fn scope(passage: &Passage) -> Value {
    let (report, inspection) = match &passage.table {
        Table::Report(report) => (report.to_json(), Value::Null),
        Table::Inspection(inspection) => (Value::Null, looked_at(inspection)),
    };
    json!({
        "name": passage.name.to_possible_value().map(|name| name.get_name().to_owned()),
        "processed": passage.processed,
        "heard": passage.heard,
        "failure": passage.failure.as_ref().map(ToString::to_string),
        "report": report,
        "inspection": inspection,
    })
}

fn looked_at(inspection: &Inspection) -> Value {
    let intent = |intent: &Inspected| {
        json!({
            "task": intent.name(),
            "arguments": intent.arguments(),
            "leaves": intent.passes(),
        })
    };
    json!({
        "own": inspection.own().iter().map(intent).collect::<Value>(),
        "captured": inspection.captured().iter().map(intent).collect::<Value>(),
    })
}

//! The output for people.

use std::io::{self, Write};

use crate::cli::ScopeName;
use crate::failure::Failure;
use crate::run::{Outcome, Passage};
use crate::seen::Table;

/// Says what there is to process.
pub(crate) fn opening(outcome: &Outcome) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "Orders from {}, kept in {}.", outcome.input.source, outcome.database.display())?;
    if outcome.orders == 0 {
        writeln!(out, "There are none: nothing to process.")?;
    }
    Ok(())
}

/// Shows what happened under one scope.
pub(crate) fn passage(passage: &Passage) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "\n== {} ==", heading(passage.name))?;
    for heard in &passage.heard {
        writeln!(out, "{heard}")?;
    }
    if passage.heard.is_empty() {
        writeln!(out, "(nobody outside heard anything)")?;
    }
    if let Some(failure) = &passage.failure {
        writeln!(out, "{failure}")?;
    }
    match &passage.table {
        Table::Report(report) => writeln!(out, "{report}"),
        Table::Inspection(inspection) => writeln!(out, "{inspection}"),
    }
}

/// Sums up.
pub(crate) fn closing(outcome: &Outcome) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "\n== Summary ==")?;
    let Outcome { input, orders, passages, .. } = outcome;
    let (read, bad) = (input.rows.len(), input.bad.len());
    writeln!(
        out,
        "{} read, {} skipped, {} in the database",
        counted(read, "order"),
        counted(bad, "bad row"),
        counted(*orders, "order"),
    )?;
    for passage in passages {
        let name = heading(passage.name).split(':').next().unwrap_or_default();
        let left = match &passage.table {
            Table::Report(report) => format!("{} dispatched", report.dispatched()),
            Table::Inspection(_) => "0 dispatched".to_owned(),
        };
        let ended = match (&passage.failure, &passage.table) {
            (Some(Failure::Refused(_)), _) => ", refused",
            (Some(_), _) => ", failed",
            (None, Table::Inspection(_)) => ", rolled back",
            (None, Table::Report(_)) => "",
        };
        writeln!(out, "{name:<13}{} of {orders} processed, {left}{ended}", passage.processed)?;
    }
    Ok(())
}

fn heading(name: ScopeName) -> &'static str {
    match name {
        ScopeName::Api => "API call: effects leave once the work has succeeded",
        ScopeName::Migration => "Migration: effects are dropped",
        ScopeName::Check => "Pure check: effects are refused",
        ScopeName::Inspection => "Inspection: effects are looked at and discarded",
        ScopeName::Admin => "Admin call: no confirmation mails",
    }
}

fn counted(count: usize, what: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {what}{ending}")
}

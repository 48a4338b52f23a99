//! What there is to see of a scope that has ended.

use std::sync::{Arc, Mutex, PoisonError};

use airlock::{Inspection, Report};

/// Keeps the report or the inspection of one scope.
#[derive(Default)]
pub(crate) struct Seen {
    table: Arc<Mutex<Option<Table>>>,
}

/// What a scope shows of itself.
pub(crate) enum Table {
    /// What became of its intents.
    Report(Report),
    /// What would become of them.
    Inspection(Inspection),
}

impl Seen {
    /// For a scope's `on_report`.
    pub(crate) fn reports(&self) -> impl Fn(&Report) + Send + Sync + use<> {
        let table = self.table.clone();
        move |report| keep(&table, Table::Report(report.clone()))
    }

    /// Keeps what a look into the scope showed.
    pub(crate) fn inspection(&self, inspection: Inspection) {
        keep(&self.table, Table::Inspection(inspection));
    }

    /// What was kept; an empty report where the scope had none to make.
    pub(crate) fn into_table(self) -> Table {
        let kept = self.table.lock().unwrap_or_else(PoisonError::into_inner).take();
        kept.unwrap_or_else(|| Table::Report(Report::default()))
    }
}

fn keep(table: &Mutex<Option<Table>>, seen: Table) {
    *table.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
}

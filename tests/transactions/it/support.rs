//! What tests of all libraries share: tasks that note that they ran, and reports.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use airlock::transaction::TransactionError;
use airlock::{Report, Scope};
use tokio::sync::Notify;

static SENT: Mutex<Vec<(u64, i64)>> = Mutex::new(Vec::new());

/// A mail that was sent is noted, for the test that asked for it.
#[airlock::task]
pub(crate) fn send_mail(test: u64, order_id: i64) {
    SENT.lock().unwrap_or_else(PoisonError::into_inner).push((test, order_id));
}

#[airlock::task]
pub(crate) fn fail(_test: u64) -> Result<(), &'static str> {
    Err("mailbox full")
}

/// The number of a test, by which its effects are told from those of others.
#[derive(Clone, Copy)]
pub(crate) struct Mails(u64);

impl Mails {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// By which the tasks know it.
    pub(crate) fn number(self) -> u64 {
        self.0
    }

    pub(crate) fn enqueue(self, order_id: i64) -> Result<(), airlock::EnqueueError> {
        send_mail::enqueue(self.0, order_id)
    }

    pub(crate) fn enqueue_failing(self) -> Result<(), airlock::EnqueueError> {
        fail::enqueue(self.0)
    }

    pub(crate) fn enqueue_unique(
        self,
        order_id: i64,
        key: &'static str,
    ) -> Result<(), airlock::EnqueueError> {
        send_mail::intent(self.0, order_id).unique_key(key).enqueue()
    }

    /// The orders whose mails were sent, in order.
    pub(crate) fn sent(self) -> Vec<i64> {
        let sent = SENT.lock().unwrap_or_else(PoisonError::into_inner);
        sent.iter().filter(|(test, _)| *test == self.0).map(|(_, order)| *order).collect()
    }
}

/// An error type as users write them.
#[derive(Debug)]
pub(crate) enum ShopError {
    OutOfStock,
    Enqueue(airlock::EnqueueError),
    Database(Box<dyn std::error::Error + Send + Sync>),
    Transaction(TransactionError),
}

impl std::fmt::Display for ShopError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OutOfStock => f.write_str("out of stock"),
            Self::Enqueue(error) => error.fmt(f),
            Self::Database(error) => error.fmt(f),
            Self::Transaction(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ShopError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::OutOfStock => None,
            Self::Enqueue(error) => Some(error),
            Self::Database(error) => Some(&**error),
            Self::Transaction(error) => Some(error),
        }
    }
}

impl From<airlock::EnqueueError> for ShopError {
    fn from(error: airlock::EnqueueError) -> Self {
        Self::Enqueue(error)
    }
}

impl From<sqlx::Error> for ShopError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

impl From<sea_orm::DbErr> for ShopError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Database(error.into())
    }
}

impl From<diesel::result::Error> for ShopError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error.into())
    }
}

impl From<TransactionError> for ShopError {
    fn from(error: TransactionError) -> Self {
        Self::Transaction(error)
    }
}

/// Drops a future once `there` says so: while it waits for what never comes.
pub(crate) async fn dropped_when<F: Future>(there: &Notify, future: F) {
    tokio::select! {
        biased;
        _ = future => panic!("it has ended"),
        () = there.notified() => {}
    }
}

/// The reports of scopes, as one line an intent.
#[derive(Clone, Default)]
pub(crate) struct Reports(Arc<Mutex<Vec<(String, String)>>>);

impl Reports {
    pub(crate) fn scope(&self) -> Scope {
        let reports = self.clone();
        airlock::scope().on_report(move |report| reports.note(report))
    }

    fn note(&self, report: &Report) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.extend(report.entries().iter().map(|entry| {
            let (name, row) = (entry.task().name(), if entry.is_row() { " as a row" } else { "" });
            let name = name.rsplit("::").next().expect("a part");
            let fate = entry.fate().to_string();
            (format!("{name}: {fate}{row}"), fate)
        }));
    }

    /// What became of each intent.
    pub(crate) fn fates(&self) -> Vec<String> {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.iter().map(|(_, fate)| fate.clone()).collect()
    }

    /// The same with the task's name, and whether it was a row.
    pub(crate) fn lines(&self) -> Vec<String> {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.iter().map(|(line, _)| line.clone()).collect()
    }
}

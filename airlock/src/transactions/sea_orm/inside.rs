//! Which transactions of SeaORM have another one open inside them.
//!
//! SeaORM's are values that nothing borrows, and end what is innermost on their connection: one that is
//! committed while another is open inside it releases that one's savepoint, and is itself rolled back later.
//! sqlx knows how deep a connection is, and SeaORM does not tell. So those that airlock begins are noted, by the
//! address of the transaction around.

use std::collections::BTreeMap;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sea_orm::DatabaseTransaction;

/// The transactions inside which one is open; whether they have ended, for the one inside.
static OPEN: Mutex<BTreeMap<usize, Arc<AtomicBool>>> = Mutex::new(BTreeMap::new());

fn open() -> MutexGuard<'static, BTreeMap<usize, Arc<AtomicBool>>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A transaction at an address of its own, that others may be inside.
#[derive(Debug)]
pub(super) struct Around(usize);

impl Around {
    pub(super) fn of(transaction: &DatabaseTransaction) -> Self {
        Self(ptr::from_ref(transaction).addr())
    }

    /// Whether one that is inside it has not ended.
    pub(super) fn is_around_another(&self) -> bool {
        open().contains_key(&self.0)
    }
}

impl Drop for Around {
    fn drop(&mut self) {
        if let Some(ended) = open().remove(&self.0) {
            ended.store(true, Ordering::Relaxed);
        }
    }
}

/// A transaction inside another.
#[derive(Debug)]
pub(super) struct Inside {
    around: usize,
    around_has_ended: Arc<AtomicBool>,
}

impl Inside {
    /// `None` where one is open inside it already.
    pub(super) fn of(around: &DatabaseTransaction) -> Option<Self> {
        let (around, around_has_ended) = (ptr::from_ref(around).addr(), Arc::default());
        let mut open = open();
        if open.contains_key(&around) {
            return None;
        }
        open.insert(around, Arc::clone(&around_has_ended));
        Some(Self { around, around_has_ended })
    }

    pub(super) fn is_left_alone(&self) -> bool {
        self.around_has_ended.load(Ordering::Relaxed)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let mut open = open();
        if open.get(&self.around).is_some_and(|noted| Arc::ptr_eq(noted, &self.around_has_ended)) {
            open.remove(&self.around);
        }
    }
}

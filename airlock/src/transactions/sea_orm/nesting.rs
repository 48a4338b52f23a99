//! Which transactions of SeaORM have a nested one open.
//!
//! SeaORM's transactions borrow nothing, and each ends the innermost one on its connection: an outer one that commits
//! while a nested one is open releases the nested one's savepoint, and is itself rolled back later. sqlx knows how
//! deep a connection is, and SeaORM does not show it. So airlock registers the transactions that it begins, by the
//! address of the outer one.

use std::collections::BTreeMap;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::driver::sea_orm::DatabaseTransaction;

/// By address, the transactions with an open nested one; the flag tells the nested one that the outer one has ended.
static OUTER: Mutex<BTreeMap<usize, Arc<AtomicBool>>> = Mutex::new(BTreeMap::new());

fn outer() -> MutexGuard<'static, BTreeMap<usize, Arc<AtomicBool>>> {
    OUTER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// By address, the transactions of airlock's inside which others may begin; the flag tells that sqlx has rolled it back,
/// as it does where a nested one is dropped before the database has answered.
static ROLLED_BACK: Mutex<BTreeMap<usize, Arc<AtomicBool>>> = Mutex::new(BTreeMap::new());

fn rolled_back() -> MutexGuard<'static, BTreeMap<usize, Arc<AtomicBool>>> {
    ROLLED_BACK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A transaction at an address of its own, inside which others may begin.
#[derive(Debug)]
pub(super) struct Outer {
    address: usize,
    rolled_back: Arc<AtomicBool>,
}

impl Outer {
    pub(super) fn new(transaction: &DatabaseTransaction) -> Self {
        let address = ptr::from_ref(transaction).addr();
        let flag = Arc::<AtomicBool>::default();
        rolled_back().insert(address, Arc::clone(&flag));
        Self { address, rolled_back: flag }
    }

    pub(super) fn has_nested(&self) -> bool {
        outer().contains_key(&self.address)
    }

    /// Whether sqlx has rolled it back by itself.
    pub(super) fn is_rolled_back(&self) -> bool {
        self.rolled_back.load(Ordering::Relaxed)
    }
}

impl Drop for Outer {
    fn drop(&mut self) {
        rolled_back().remove(&self.address);
        if let Some(ended) = outer().remove(&self.address) {
            ended.store(true, Ordering::Relaxed);
        }
    }
}

/// A transaction inside another one, which the database has not yet begun. Dropped, it has the outer one rolled back.
pub(super) struct Unanswered(Option<usize>);

impl Unanswered {
    pub(super) fn of(outer: &DatabaseTransaction) -> Self {
        Self(Some(ptr::from_ref(outer).addr()))
    }

    pub(super) fn answered(mut self) {
        self.0 = None;
    }
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        if let Some(outer) = self.0
            && let Some(flag) = rolled_back().get(&outer)
        {
            flag.store(true, Ordering::Relaxed);
        }
    }
}

/// A transaction inside another one.
#[derive(Debug)]
pub(super) struct Nested {
    outer: usize,
    outer_has_ended: Arc<AtomicBool>,
}

impl Nested {
    /// `None` if a nested one is already open.
    pub(super) fn register(transaction: &DatabaseTransaction) -> Option<Self> {
        let (address, outer_has_ended) = (ptr::from_ref(transaction).addr(), Arc::default());
        let mut outer = outer();
        if outer.contains_key(&address) {
            return None;
        }
        outer.insert(address, Arc::clone(&outer_has_ended));
        Some(Self { outer: address, outer_has_ended })
    }

    pub(super) fn outer_has_ended(&self) -> bool {
        self.outer_has_ended.load(Ordering::Relaxed)
    }
}

impl Drop for Nested {
    fn drop(&mut self) {
        let mut outer = outer();
        // Another transaction may be at the same address by now.
        if outer.get(&self.outer).is_some_and(|ended| Arc::ptr_eq(ended, &self.outer_has_ended)) {
            outer.remove(&self.outer);
        }
    }
}

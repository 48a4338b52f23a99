//! A task that is counted.

use std::sync::Arc;

use shuttle::sync::Mutex;

/// The numbers that ran, in order.
#[derive(Clone, Default)]
pub(crate) struct Ran(Arc<Mutex<Vec<u64>>>);

impl Ran {
    pub(crate) fn sorted(&self) -> Vec<u64> {
        let mut ran = self.0.lock().expect("nobody panics").clone();
        ran.sort_unstable();
        ran
    }

    pub(crate) fn count(&self) -> usize {
        self.0.lock().expect("nobody panics").len()
    }
}

#[airlock::task]
pub(crate) fn count(#[state] ran: &Ran, number: u64) {
    ran.0.lock().expect("nobody panics").push(number);
}

/// The same, after others had their turn.
#[airlock::task]
pub(crate) async fn count_later(#[state] ran: &Ran, number: u64) {
    shuttle::future::yield_now().await;
    ran.0.lock().expect("nobody panics").push(number);
}

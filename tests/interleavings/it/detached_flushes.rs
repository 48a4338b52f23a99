//! Flushes that go on when nobody waits for them any more.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use airlock::transaction::{Begun, CommitError, Settings, run};
use airlock::{BoxError, Inline};
use shuttle::check_random;
use shuttle::future::{block_on, yield_now};
use shuttle::rand::{Rng as _, thread_rng};
use shuttle::sync::Mutex;

use crate::ORDERS_OF_TASKS;
use crate::counted::{Ran, count_later};

/// What is committed.
#[derive(Clone, Default)]
struct Ledger(Arc<Mutex<Vec<u64>>>);

struct Tx {
    ledger: Ledger,
    written: Vec<u64>,
}

impl Begun for Tx {
    type Connection = Vec<u64>;

    fn connection(&mut self) -> &mut Vec<u64> {
        &mut self.written
    }

    fn place(&self) -> String {
        "the ledger".to_owned()
    }

    fn is_nested(&mut self) -> bool {
        false
    }

    async fn check(&mut self) -> Result<(), BoxError> {
        yield_now().await;
        Ok(())
    }

    /// It answers as it commits: of a commit whose answer is not heard nobody knows, and its effects are handed back.
    async fn commit(self) -> Result<(), CommitError> {
        yield_now().await;
        self.ledger.0.lock().expect("nobody panics").extend(self.written);
        Ok(())
    }

    async fn rollback(self) -> Result<(), BoxError> {
        yield_now().await;
        Ok(())
    }
}

/// Polls a future so many times, and then drops it, as whoever runs out of patience does.
async fn give_up_after(polls: usize, future: impl Future) {
    let (mut future, mut left) = (pin!(future), polls);
    poll_fn(|cx| {
        if left == 0 || future.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        left -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// However often its future was polled: the effects of what is committed run once, those of the rest never.
#[test]
fn a_transaction_that_nobody_waits_for_sends_what_it_has_committed() {
    check_random(
        || {
            block_on(async {
                let (ledger, ran) = (Ledger::default(), Ran::default());
                let inline = Inline::builder().state(ran.clone()).build().expect("an executor");
                let settings = Settings::default()
                    .scope(move || airlock::scope().executor(inline.clone()));
                let tx = Tx { ledger: ledger.clone(), written: Vec::new() };
                let placed = run(tx, &settings, async |orders: &mut Vec<u64>| {
                    for order in 0..2 {
                        orders.push(order);
                        count_later::enqueue(order)?;
                        yield_now().await;
                    }
                    Ok::<_, BoxError>(())
                });
                give_up_after(thread_rng().gen_range(0..16), placed).await;
                let committed = ledger.0.lock().expect("nobody panics").clone();
                while ran.count() < committed.len() {
                    yield_now().await;
                }
                for _ in 0..16 {
                    yield_now().await;
                }
                assert_eq!(ran.sorted(), committed);
            });
        },
        ORDERS_OF_TASKS,
    );
}

//! A pool of threads, which scopes on several threads hand their intents to.

use std::sync::Arc;

use airlock::ThreadPool;
use shuttle::check_random;
use shuttle::thread::spawn;

use crate::ORDERS;
use crate::counted::{Ran, count};

/// Dropping the pool waits for what it was handed, whoever drops it.
#[test]
fn what_a_pool_was_handed_has_run_when_it_is_gone() {
    check_random(
        || {
            let ran = Ran::default();
            let pool = ThreadPool::builder().threads(2).state(ran.clone()).build();
            let pool = Arc::new(pool.expect("a pool"));
            let other = {
                let pool = pool.clone();
                spawn(move || flush(pool, 0))
            };
            flush(pool, 10);
            other.join().expect("it ends");
            assert_eq!(ran.sorted(), [0, 1, 10, 11]);
        },
        ORDERS,
    );
}

fn flush(pool: Arc<ThreadPool>, first: u64) {
    let scope = airlock::scope().executor(pool);
    let enqueued = scope.run(|| (first..first + 2).try_for_each(count::enqueue));
    enqueued.expect("flushed").expect("enqueued");
}

//! What holds for every executor around executors.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use airlock::envelope::{Envelope, of_batch};
use airlock::{
    Batch, DispatchError, Executor, Fallback, Inline, Intent, Retry, Route, Timeout, tasks,
};

use super::{Answer, Never, shortly};
use crate::support::{block_on, quiet};

/// Makes envelopes as engines do, and is busy the first time; meanwhile the clock goes on.
struct Enveloping {
    made: Arc<Mutex<Vec<Vec<Envelope>>>>,
    busy: bool,
}

impl Executor for Enveloping {
    async fn dispatch(&self, batch: &mut Batch) -> Answer {
        let envelopes = of_batch(batch, "Enveloping", &["delay", "expires"])?;
        let mut made = self.made.lock().expect("not poisoned");
        made.push(envelopes);
        let now = SystemTime::now();
        while now.elapsed().is_ok_and(|time| time < Duration::from_millis(1)) {
            std::thread::yield_now();
        }
        if self.busy && made.len() == 1 { Err(DispatchError::refused("busy")) } else { Ok(()) }
    }
}

/// Delays and lifetimes count from the flush, however often and in whatever parts it is dispatched.
#[test]
fn a_flush_has_one_time() {
    let (made, intent) = (Arc::<Mutex<Vec<_>>>::default(), || {
        quiet::intent(1).delay(Duration::from_mins(1)).expires(Duration::from_hours(1))
    });
    let executor = |busy| Enveloping { made: made.clone(), busy };
    let scopes = [
        airlock::scope().executor(Retry::new(executor(true)).backoff(shortly())),
        airlock::scope().executor(executor(false)).chunks(1),
        airlock::scope().executor(Fallback::new(executor(true), executor(false))),
    ];
    for scope in scopes {
        let run = scope
            .run_async(async { [intent(), intent()].into_iter().try_for_each(Intent::enqueue) });
        block_on(run).expect("out in the end").expect("enqueued");
        let made = std::mem::take(&mut *made.lock().expect("not poisoned"));
        assert_eq!(made.len(), 2, "in two goes");
        let times =
            |envelope: &Envelope| (envelope.enqueued_at(), envelope.at(), envelope.expires());
        let all: Vec<_> = made.iter().flatten().map(times).collect();
        assert!(all.iter().all(|one| *one == all[0]), "{all:?}");
    }
}

#[test]
fn an_executor_of_executors_blocks_where_one_of_them_does() {
    let inline = || Inline::builder().serving(tasks![]).build().expect("it asks for nothing");
    assert!(!Timeout::new(inline(), Duration::from_secs(1)).blocks());
    assert!(!Route::to(inline()).queue("a").otherwise(inline()).blocks());
    assert!(!Fallback::new(inline(), inline()).blocks());
    assert!(Timeout::new(Never, Duration::from_secs(1)).blocks());
    assert!(Route::to(inline()).queue("a").otherwise(Never).blocks());
    assert!(Fallback::new(inline(), Never).blocks());
    assert!(Retry::new(inline()).blocks(), "between attempts it waits");
}

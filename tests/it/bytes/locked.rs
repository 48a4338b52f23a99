//! Arguments that lock when they are serialised, enqueued by code that holds the lock.

use std::sync::{Arc, Mutex};

use airlock::{DropAll, InScope as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::letters;
use crate::support::{block_on, unless_it_hangs};

#[derive(Clone)]
struct Counter(Arc<Mutex<u64>>);

impl Serialize for Counter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(*self.0.lock().expect("not poisoned"))
    }
}

impl<'de> Deserialize<'de> for Counter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(|n| Self(Arc::new(n.into())))
    }
}

#[airlock::task(name = "bytes.count_up")]
fn count_up(counter: Counter) {
    *counter.0.lock().expect("not poisoned") += 1;
}

fn enqueue(counter: &Counter) {
    let held = counter.0.lock().expect("not poisoned");
    count_up::enqueue(counter.clone()).expect("enqueued");
    count_up::intent(counter.clone()).enqueue().expect("enqueued");
    drop(held);
}

#[test]
fn an_argument_is_not_serialised_when_it_is_enqueued() {
    unless_it_hangs(|| {
        let counter = Counter(Arc::new(0.into()));
        airlock::scope().run(|| enqueue(&counter)).expect("flushed");
        block_on(airlock::scope().run_async(async { enqueue(&counter) })).expect("flushed");
        airlock::scope()
            .run(|| {
                airlock::scope().run(|| enqueue(&counter)).expect("captured");
                airlock::current().expect("a scope").run(|| enqueue(&counter));
                block_on(async { enqueue(&counter) }.in_current_scope());
            })
            .expect("flushed");
        airlock::scope().run(|| (0..40).for_each(|_| enqueue(&counter))).expect("flushed");
        airlock::scope()
            .run(|| {
                let held = counter.0.lock().expect("not poisoned");
                letters(30).expect("enqueued");
                drop(held);
                airlock::scope().run(|| (0..40).for_each(|_| enqueue(&counter))).expect("captured");
                airlock::current().expect("a scope").run(|| enqueue(&counter));
                enqueue(&counter);
            })
            .expect("flushed");
        let dropped = airlock::policy(DropAll).run(|| airlock::scope().run(|| enqueue(&counter)));
        dropped.expect("flushed");
        assert_eq!(*counter.0.lock().expect("not poisoned"), 10 + 80 + 84);
    });
}

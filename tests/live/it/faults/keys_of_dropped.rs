//! Intents with a unique key that never leave: their scope fails, is discarded or undecided, or a policy
//! drops them. The key is taken at flush, so it is still there for others.

use airlock::{BoxError, DropAll, Fate, Intent, block_tasks, scope};
use airlock_live::{Engine, Sender, pack, ship};

use crate::faults::{Flushed, Place, Ran, flush, on, tell};
use crate::unique;

/// The order that leaves in the end.
const LEAVES: u64 = 100;

async fn dropped<S: Sender>() -> (Place, S) {
    let place = Place::shared::<S>();
    let sender = place.open::<S>().await;
    let key = unique::name("key");
    let keyed = |intent: Intent| intent.unique_key(key.clone());
    let enqueue = |order| keyed(ship::intent(order)).enqueue().expect("enqueued");
    let scope = || scope().executor(sender.clone());

    let failed = scope().run_async(async {
        enqueue(1);
        Err::<(), BoxError>("no".into())
    });
    failed.await.expect("nothing to flush").expect_err("it fails");
    let ((), discarded) = scope().seal(|| enqueue(2));
    assert_eq!(discarded.discard().discarded(), 1);
    let ((), undecided) = scope().seal(|| enqueue(3));
    let ((), without_any) = scope().policy(DropAll).seal(|| enqueue(4));
    let report = without_any.flush_async().await.expect("flushed");
    assert_eq!((report.dropped(), report.dispatched()), (1, 0));
    assert_eq!(place.held(&sender).await, 0, "nothing has left");

    // Of the same flush, too, it is the one that leaves that takes the key.
    let intents = [keyed(pack::intent(5, 0)), keyed(ship::intent(LEAVES))];
    let (enqueued, sealed) = scope()
        .policy(block_tasks![pack])
        .seal(|| intents.into_iter().try_for_each(Intent::enqueue));
    enqueued.expect("enqueued");
    let report = sealed.flush_async().await.expect("flushed");
    let fates: Vec<_> = report.entries().iter().map(airlock::ReportEntry::fate).collect();
    assert!(matches!(fates[..], [Fate::Dropped { .. }, Fate::Dispatched]), "{fates:?}");
    assert_eq!(place.held(&sender).await, 1);

    // Now it is taken, also from the one that was enqueued long before.
    let later = undecided.flush_async().await.expect("flushed");
    assert_eq!((later.dispatched(), later.duplicates()), (0, 1));
    let Flushed { report, .. } = flush(&sender, [keyed(ship::intent(6))]).await;
    assert_eq!((report.dispatched(), report.duplicates()), (0, 1));
    assert_eq!(place.held(&sender).await, 1);
    (place, sender)
}

const FAULT: &str = "keys of what never left";

async fn served<E: Engine>() {
    let (place, engine) = dropped::<E>().await;
    place.serve(&engine, [LEAVES]).await;
    tell::<E>(FAULT, format_args!("7 enqueued; {}", Ran::all_once(&place.record(), [LEAVES])));
}

async fn sent<S: Sender>() {
    dropped::<S>().await;
    tell::<S>(FAULT, "7 enqueued, 1 dispatched");
}

on!(served: apalis_sqlite, apalis_postgres, apalis_redis, graphile, celery_redis);
on!(sent: dramatiq_redis);

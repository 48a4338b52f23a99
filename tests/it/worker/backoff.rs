//! How long a worker waits before it tries again.

use std::time::Duration;

use airlock::{Backoff, tasks};
use proptest::prelude::*;

use super::memory::Memory;
use super::serve;
use crate::support::{Ran, fail};

#[tokio::test(start_paused = true)]
async fn waits_have_jitter_and_one_second_to_begin_with() {
    let (ran, memory) = (Ran::new(), Memory::new());
    for n in 0..100 {
        memory.send(&fail::intent(n));
    }
    let worker = airlock::worker().state(ran).serving(tasks![fail]);
    serve(worker, &memory).await;
    let waits = memory.waits();
    assert_eq!(waits.len(), 400);
    let in_seconds = |seconds: u64| {
        let between = Duration::from_secs(seconds) / 2..=Duration::from_secs(seconds);
        waits.iter().filter(|wait| between.contains(*wait)).count()
    };
    let doubling: usize = [1, 2, 4, 8].into_iter().map(in_seconds).sum();
    assert_eq!(doubling, 400, "each is from half of it to all: {waits:?}");
    let first: std::collections::BTreeSet<_> = waits.iter().collect();
    assert!(first.len() > 300, "only {} different ones", first.len());
}

proptest! {
    #[test]
    fn a_wait_is_between_half_of_it_and_the_longest(
        first in any::<u64>(),
        factor in prop::num::f64::ANY,
        longest in any::<u64>(),
        attempt in any::<u32>(),
    ) {
        let (first, longest) = (Duration::from_nanos(first), Duration::from_nanos(longest));
        let exact = Backoff::new(first).factor(factor).longest(longest).exact().after(attempt);
        let jittered = Backoff::new(first).factor(factor).longest(longest).after(attempt);
        prop_assert!(exact <= longest);
        prop_assert!(exact >= first.min(longest).mul_f64(0.999_999));
        prop_assert!(jittered <= exact && jittered >= exact.mul_f64(0.499_999));
    }
}

#[test]
fn backoffs_out_of_the_ordinary_have_waits_all_the_same() {
    let first = Duration::from_secs(1);
    let after = |backoff: Backoff, attempt| backoff.exact().after(attempt);
    assert_eq!(after(Backoff::new(Duration::ZERO), u32::MAX), Duration::ZERO);
    assert_eq!(after(Backoff::new(first), u32::MAX), Duration::from_hours(1));
    assert_eq!(after(Backoff::new(first), 0), first);
    assert_eq!(after(Backoff::new(first).factor(0.1), 9), first);
    assert_eq!(after(Backoff::new(first).factor(f64::NAN), 9), first);
    assert_eq!(after(Backoff::new(first).factor(f64::INFINITY), 1), first);
    assert_eq!(after(Backoff::new(first).factor(f64::INFINITY), 2), Duration::from_hours(1));
    assert_eq!(after(Backoff::new(Duration::MAX), 1), Duration::from_hours(1));
    assert_eq!(after(Backoff::new(first).factor(10.0), 3), 100 * first);
}

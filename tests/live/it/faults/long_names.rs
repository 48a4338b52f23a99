//! A name that the server would refuse a whole batch for is refused before it is asked, and the intent is named.

use airlock::Intent;
use airlock_live::{Sender, ship};

use crate::faults::{Place, flush, on, tell};
use crate::unique;

/// Without a repetition that an index could compress.
fn text(bytes: usize) -> String {
    let mut state = 0x9e37_79b9_u32;
    let letter = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'a' + u8::try_from(state >> 27).expect("five bits") % 26)
    };
    std::iter::repeat_with(letter).take(bytes).collect()
}

type Lengthen = fn(Intent) -> Intent;

async fn fault<S: Sender>() {
    let place = Place::shared::<S>();
    let engine = place.open::<S>().await;
    let long: [(&str, Lengthen); 3] = [
        ("unique key", |intent| intent.unique_key(text(3_000))),
        ("unique key", |intent| intent.unique_key(text(100_000))),
        ("queue", |intent| intent.queue(text(9_000))),
    ];
    let mut named = 0;
    for (what, long) in long {
        let intents = (1..=10).map(|order| match order {
            7 => long(ship::intent(order)),
            _ => ship::intent(order),
        });
        let flushed = flush(&engine, intents).await;
        let error = flushed.error();
        assert!(error.contains("live.ship(order_id: 7)") && error.contains(what), "{error}");
        assert_eq!((flushed.dispatched().len(), flushed.handed_back.len()), (0, 10));
        named += 1;
    }
    // What it takes, which no job of an earlier run has.
    let long = ship::intent(11).unique_key(format!("{}{}", unique::name("key"), text(400)));
    flush(&engine, [long]).await.all_left();
    assert_eq!(place.held(&engine).await, 1);
    tell::<S>(
        "long names",
        format_args!("the intent named {named} of 3 times, 0 of 30 in the queue"),
    );
}

on!(fault: apalis_postgres, graphile);

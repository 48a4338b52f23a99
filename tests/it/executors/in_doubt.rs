//! What may have left when a flush is dropped inside executors of executors.

use std::time::Duration;

use airlock::{
    Backoff, Batch, DispatchError, Executor, Fallback, Inline, Intent, Retry, Route, tasks,
};

use super::{Answer, Answers, Never, hang, number, third};
use crate::support::{Ran, Reports, anote, assert_adds_up, block_on, quiet, yield_once};

/// What is told of each of four intents where the flush is dropped that their executor never ends.
fn dropped(executor: impl Executor, intents: impl IntoIterator<Item = Intent>) -> Vec<String> {
    let reports = Reports::new();
    let scope = airlock::scope().executor(executor).on_report(reports.keep());
    let enqueue = async { intents.into_iter().try_for_each(Intent::enqueue) };
    let mut run = Box::pin(scope.run_async(enqueue));
    block_on(async {
        for _ in 0..10 {
            assert!(futures::poll!(&mut run).is_pending());
        }
    });
    drop(run);
    let report = reports.only();
    assert_adds_up(&report, 4);
    report.entries().iter().map(|entry| entry.fate().to_string()).collect()
}

const DISCARDED: &str = "discarded: cancelled";

/// The first one may have sent what it could not confirm.
#[test]
fn a_flush_dropped_in_a_fallback_reports_what_failed_at_the_first() {
    let told = |first: fn() -> Answer| {
        let fallback = Fallback::new(Answers::new(&Ran::new(), [first]), Never);
        dropped(fallback, (0..4).map(quiet::intent))
    };
    let cut = || DispatchError::each(vec![(1, "cut".into()), (3, "cut".into())]);
    assert_eq!(told(cut), ["dispatched", "failed: cut", "dispatched", "failed: cut"]);
    let stopped = || Err(DispatchError::at(1, "cut"));
    assert_eq!(told(stopped), ["dispatched", "failed: cut", DISCARDED, DISCARDED]);
    assert_eq!(told(|| Err(DispatchError::all("cut"))), ["failed: cut"; 4]);
    assert_eq!(told(|| Err(DispatchError::refused("down"))), [DISCARDED; 4]);
}

/// Somebody's own executor, which gives to the second what the first failed with.
struct Own<First, Second>(First, Second);

impl<First: Executor, Second: Executor> Executor for Own<First, Second> {
    async fn dispatch(&self, batch: &mut Batch) -> Answer {
        match self.0.dispatch(batch).await {
            Ok(()) => Ok(()),
            Err(_) => self.1.dispatch(batch).await,
        }
    }
}

/// Says that two are on their way, and then that all failed.
struct Unconfirmed;

impl Executor for Unconfirmed {
    async fn dispatch(&self, batch: &mut Batch) -> Answer {
        batch.sending(0..2);
        yield_once().await;
        Err(DispatchError::all("cut"))
    }
}

#[test]
fn what_one_of_several_executors_may_have_sent_stays_in_doubt() {
    const DOUBT: &str = "failed: nobody waited for the answer: it may have left all the same";
    let inline = || {
        let inline = Inline::builder().state(Ran::new()).serving(tasks![anote, hang]);
        inline.build().expect("it is complete")
    };
    // The first of these runs, and the second one is being waited for.
    let intents = || [anote::intent(0), hang::intent(1), anote::intent(2), anote::intent(3)];
    let fails_at = |failing| {
        move |intent: Intent| if number(&intent) == failing { Err("cut") } else { Ok(()) }
    };

    assert_eq!(
        dropped(Own(Unconfirmed, inline()), intents()),
        ["dispatched", DOUBT, DISCARDED, DISCARDED],
    );
    assert_eq!(
        dropped(Own(fails_at(2), inline()), intents()),
        ["dispatched", DOUBT, DOUBT, DISCARDED],
    );
    assert_eq!(dropped(Own(fails_at(1), Never), intents()), [DOUBT, DOUBT, DISCARDED, DISCARDED],);
    // Executors of ours in between know better of what is theirs.
    let retry = Retry::new(fails_at(0)).backoff(Backoff::new(Duration::from_hours(1)));
    assert_eq!(
        dropped(Own(Unconfirmed, retry), intents()),
        ["failed: cut", DOUBT, DISCARDED, DISCARDED],
    );
    let route = Route::to(fails_at(1)).when(third(1)).otherwise(inline());
    assert_eq!(dropped(Own(route, Never), intents()), [DOUBT, DOUBT, DISCARDED, DISCARDED],);
}

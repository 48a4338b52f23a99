//! `Inline` runs tasks where the scope is flushed.

use airlock::OnFailure;

use crate::support::{Ran, afail, anote, assert_adds_up, block_on, fail, note};

#[test]
fn inline_stops_at_the_first_failure_or_continues() {
    let body = || {
        note::enqueue(0)?;
        fail::enqueue(1)?;
        anote::enqueue(2)?;
        afail::enqueue(3)?;
        note::enqueue(4)
    };
    for awaited in [false, true] {
        for (on_failure, expected) in [
            (OnFailure::Stop, vec!["note 0", "fail 1"]),
            (OnFailure::Continue, vec!["note 0", "fail 1", "anote 2", "afail 3", "note 4"]),
        ] {
            let ran = Ran::new();
            let scope = ran.scope().on_failure(on_failure);
            let result =
                if awaited { block_on(scope.run_async(async { body() })) } else { scope.run(body) };
            let error = result.expect_err("some fail");
            assert_eq!(ran.list(), expected);
            assert_adds_up(error.report(), 5);
            let handed_back = error.into_intents().len();
            assert_eq!(handed_back, if on_failure == OnFailure::Stop { 4 } else { 2 });
        }
    }
}

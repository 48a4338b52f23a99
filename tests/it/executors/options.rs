//! An executor rejects the options that it does not support.

use std::sync::Arc;
use std::time::Duration;

use airlock::{ThreadPool, tasks};

use crate::support::{fates, quiet};

#[test]
fn an_option_that_cannot_be_honoured_is_an_error() {
    for (intent, option) in [
        (quiet::intent(2).delay(Duration::from_secs(1)), "delay"),
        (quiet::intent(2).priority(3), "priority"),
    ] {
        let error = airlock::scope()
            .run(|| {
                quiet::enqueue(1)?;
                intent.enqueue()?;
                quiet::enqueue(3)
            })
            .expect_err("inline can't");
        let text = error.to_string();
        assert!(text.contains("`Inline`") && text.contains(&format!("`{option}`")), "{text}");
        assert_eq!(error.report().failed(), 1);
        let handed_back = error.into_intents();
        assert_eq!(handed_back.len(), 2, "the first had left");
        assert!(*handed_back[0].options() != airlock::Options::default(), "options and all");
    }
}

#[test]
fn an_unsupported_option_refuses_a_hand_over_before_anything_leaves() {
    let pool = Arc::new(
        ThreadPool::builder().threads(1).serving(tasks![quiet]).build().expect("a thread"),
    );
    let error = airlock::scope()
        .executor(pool)
        .run(|| {
            quiet::enqueue(1)?;
            quiet::intent(2).priority(1).enqueue()
        })
        .expect_err("a pool can't");
    assert_eq!(
        fates(error.report()),
        [
            "quiet: not attempted",
            "quiet: failed: the executor `ThreadPool` can't honour the option `priority`: leave it \
             out, or give the scope an executor that can",
        ]
    );
    assert_eq!(error.into_intents().len(), 2);
}

#[test]
fn a_queue_and_a_number_of_attempts_are_accepted_by_inline() {
    airlock::scope()
        .run(|| quiet::intent(1).queue("bulk").max_attempts(1).enqueue())
        .expect("flushed")
        .expect("enqueued");
}

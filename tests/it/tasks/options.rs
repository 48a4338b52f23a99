//! The options of a task, and those of an intent.

use std::time::Duration;

use airlock::Task;

use super::{full, plain};

#[test]
fn the_options_are_the_tasks_unless_the_intent_says_otherwise() {
    let intent = full::intent(1);
    assert_eq!((intent.task().queue(), intent.task().max_attempts()), (Some("emails"), Some(5)));
    assert_eq!(
        (intent.effective_queue(), intent.effective_max_attempts()),
        (Some("emails"), Some(5))
    );
    assert_eq!(*intent.options(), airlock::Options::default());
    let intent = intent.queue("bulk").max_attempts(2).delay(Duration::from_mins(1)).priority(9);
    assert_eq!(
        (intent.effective_queue(), intent.effective_max_attempts()),
        (Some("bulk"), Some(2))
    );
    assert_eq!(
        (intent.options().delay(), intent.options().priority()),
        (Some(Duration::from_mins(1)), Some(9))
    );
    assert_eq!(intent.options().queue(), Some("bulk"));
    assert_eq!(plain::intent(1, 2).effective_queue(), None);
    let owned = format!("queue-{}", 7);
    assert_eq!(plain::intent(1, 2).queue(owned).effective_queue(), Some("queue-7"));
}

const QUEUE: &str = "constants";

#[airlock::task(queue = QUEUE, max_attempts = 1 + 2)]
fn by_constants() {}

#[test]
fn options_are_expressions() {
    assert_eq!(by_constants::info().queue(), Some("constants"));
    assert_eq!(by_constants::info().max_attempts(), Some(3));
    by_constants();
}

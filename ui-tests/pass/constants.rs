//! Options whose values are not literals.

use airlock::Task;

const INFO: &str = "mail.info";
const QUEUE: &str = "emails";

mod limits {
    pub(super) const ATTEMPTS: u32 = 2;
}

#[airlock::task(name = INFO, queue = QUEUE, max_attempts = limits::ATTEMPTS + 1,)]
fn send(order_id: u64) {
    let _ = order_id;
}

#[airlock::task(name = concat!("mail", ".", "newsletter"))]
fn newsletter() {}

#[airlock::scoped(named = QUEUE, limit = usize::MAX, on_failure = Continue, flush_if = |_| true, release_all)]
fn open() {}

#[airlock::scoped(on_failure = OnFailure::Stop, on_flush_error = |error| error.report().failed())]
fn counted() -> usize {
    0
}

#[test]
fn they_are_taken() {
    let info = send::info();
    assert_eq!((info.name(), info.queue(), info.max_attempts()), (INFO, Some("emails"), Some(3)));
    assert_eq!(newsletter::NAME, "mail.newsletter");
    open();
    assert_eq!(counted(), 0);
}

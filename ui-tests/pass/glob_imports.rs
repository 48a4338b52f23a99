//! Tasks that come with everything else of their module.

use airlock::assert_effects;
use airlock::testing::capture;

mod mail {
    #[airlock::task]
    pub(super) fn send_receipt(order_id: u64) {
        let _ = order_id;
    }

    #[airlock::task]
    pub(super) fn send_reminder(order_id: u64) {
        let _ = order_id;
    }
}

mod prelude {
    pub(super) use super::mail::*;
}

#[test]
fn functions_and_tasks_are_imported() {
    use prelude::*;

    let (sent, effects) = capture(|| {
        send_receipt(42);
        send_receipt::enqueue(42)?;
        send_reminder::enqueue(43)
    });
    sent.expect("in a scope");
    assert_effects!(effects, [send_receipt(42), mail::send_reminder(43)]);
    assert_eq!(airlock::tasks![send_receipt, "prelude::send_reminder"].iter().len(), 2);
}

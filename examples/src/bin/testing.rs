//! The testing kit: capture what code enqueues, and assert on it; nothing is dispatched.

use std::panic::catch_unwind;

use airlock::{EnqueueError, assert_effects, assert_enqueued, assert_not_enqueued, testing};

#[airlock::task(name = "warehouse.notify")]
fn notify_warehouse(order_id: u64) {
    unreachable!("order {order_id} is only a test");
}

#[airlock::task(name = "mail.confirmation")]
fn send_confirmation_email(order_id: u64, #[secret] address: String) {
    unreachable!("{address} must not hear of order {order_id}");
}

fn process(order_id: u64) -> Result<(), EnqueueError> {
    notify_warehouse::enqueue(order_id)?;
    send_confirmation_email::enqueue(order_id, "ada@example.com".into())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (processed, effects) = testing::capture(|| process(42));
    processed?;

    // Arguments are checked like those of any call; without them, any will do.
    assert_enqueued!(effects, notify_warehouse(42));
    assert_enqueued!(effects, send_confirmation_email);
    assert_not_enqueued!(effects, notify_warehouse(43));
    assert_effects!(
        effects,
        [notify_warehouse(42), send_confirmation_email(42, "ada@example.com".into()),]
    );

    // The text is stable, for snapshots: no addresses, times or places, and no secrets.
    println!("{effects}");
    assert_eq!(
        effects.to_string(),
        "warehouse.notify(order_id: 42)\nmail.confirmation(order_id: 42, address: [secret])",
    );

    // A list that differs fails with the difference.
    let failed = catch_unwind(|| {
        let (_, effects) = testing::capture(|| process(42));
        assert_effects!(effects, [notify_warehouse(42), notify_warehouse(43)]);
    });
    let panic = failed.expect_err("they differ");
    let message = panic.downcast_ref::<String>().ok_or("a panic with a message")?;
    assert!(message.contains("- warehouse.notify(order_id: 43)"), "{message}");
    assert!(message.contains("+ mail.confirmation(order_id: 42, address: [secret])"), "{message}");
    Ok(())
}

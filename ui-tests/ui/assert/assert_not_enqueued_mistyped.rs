//! Arguments that the task doesn't take: of another type, too few, too many.

#![allow(unused_variables)]

use airlock::assert_not_enqueued;
use airlock::testing::capture;

#[airlock::task]
fn send_confirmation_email(order_id: u64) {}

fn main() {
    let (_, effects) = capture(|| send_confirmation_email::enqueue(42));
    assert_not_enqueued!(effects, send_confirmation_email("42"));
    assert_not_enqueued!(effects, send_confirmation_email());
    assert_not_enqueued!(effects, send_confirmation_email(42, 43));
}

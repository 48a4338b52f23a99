//! A task in quotes, as lists of tasks take it.

use airlock::assert_enqueued;
use airlock::testing::capture;

#[airlock::task]
fn send_confirmation_email(order_id: u64) {}

fn main() {
    let (_, effects) = capture(|| send_confirmation_email::enqueue(42));
    assert_enqueued!(effects, "send_confirmation_email");
}

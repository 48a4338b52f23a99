//! An assertion that isn't told about which effects.

use airlock::assert_enqueued;
use airlock::testing::capture;

#[airlock::task]
fn send_confirmation_email(order_id: u64) {}

fn main() {
    let (_, effects) = capture(|| send_confirmation_email::enqueue(42));
    assert_enqueued!(send_confirmation_email(42));
}

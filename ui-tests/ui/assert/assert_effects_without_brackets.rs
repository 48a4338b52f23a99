//! A list of effects without its brackets.

use airlock::assert_effects;
use airlock::testing::capture;

#[airlock::task]
fn send_confirmation_email(order_id: u64) {}

fn main() {
    let (_, effects) = capture(|| send_confirmation_email::enqueue(42));
    assert_effects!(effects, send_confirmation_email(42));
}

//! An assertion about a future that nothing polls: it would pass.

#[airlock::task]
fn send_confirmation_email(_order_id: u64) {}

fn main() {
    airlock::testing::assert_no_effects(|| async { send_confirmation_email::enqueue(42) });
}

//! A future where the assertion takes a closure.

#[airlock::task]
fn send_confirmation_email(_order_id: u64) {}

fn main() {
    airlock::testing::assert_no_effects(async { send_confirmation_email::enqueue(42) });
}

//! An async closure where a capture takes a sync one.

#[airlock::task]
fn send_confirmation_email(_order_id: u64) {}

fn main() {
    airlock::testing::capture(async || send_confirmation_email::enqueue(42));
}

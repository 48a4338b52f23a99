//! A capture of a future that nothing polls: it would hold nothing, and the assertion would pass.

#[airlock::task]
fn send_confirmation_email(_order_id: u64) {}

fn main() {
    let (_, effects) =
        airlock::testing::capture(|| async { send_confirmation_email::enqueue(42) });
    airlock::assert_not_enqueued!(effects, send_confirmation_email(43));
}

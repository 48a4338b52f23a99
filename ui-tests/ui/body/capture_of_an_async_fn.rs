//! An async function where a capture takes a sync one.

#[airlock::task]
fn send_confirmation_email(_order_id: u64) {}

async fn checkout() -> Result<(), airlock::EnqueueError> {
    send_confirmation_email::enqueue(42)
}

fn main() {
    airlock::testing::capture(checkout);
}

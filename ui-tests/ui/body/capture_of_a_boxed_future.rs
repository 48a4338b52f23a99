//! A future in a box is a future too.

#[airlock::task]
fn send_confirmation_email(_order_id: u64) {}

type BoxFuture = std::pin::Pin<Box<dyn Future<Output = ()>>>;

fn checkout() -> BoxFuture {
    Box::pin(async { send_confirmation_email::enqueue(42).unwrap() })
}

fn main() {
    airlock::testing::capture(|| checkout());
}

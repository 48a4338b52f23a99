//! A future where a sync scope takes a closure.

#[airlock::task]
fn send_confirmation_email(_order_id: u64) {}

fn main() {
    let (_, sealed) = airlock::scope().seal(async { send_confirmation_email::enqueue(42) });
    sealed.discard();
}

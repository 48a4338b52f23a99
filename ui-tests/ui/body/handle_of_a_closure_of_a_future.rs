//! A future made in the scope of a handle, which would run outside of it.

#[airlock::task]
fn send_confirmation_email(_order_id: u64) {}

fn carry(scope: &airlock::Handle) {
    scope.run(|| async { send_confirmation_email::enqueue(42) });
}

fn main() {
    airlock::current().as_ref().map(carry);
}

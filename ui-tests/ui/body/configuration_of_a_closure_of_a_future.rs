//! A future made under a configuration, which would run without it.

#[airlock::task]
fn send_confirmation_email(_order_id: u64) {}

fn main() {
    airlock::configure()
        .policy(airlock::DropAll)
        .run(|| async { send_confirmation_email::enqueue(42) });
}

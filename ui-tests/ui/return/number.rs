//! A task that returns a value, for which nobody waits.

#[airlock::task]
fn send_confirmation_email(order_id: u64) -> u64 {
    order_id
}

fn main() {}

//! A task that returns an `Option`.

#[airlock::task]
fn send_confirmation_email(order_id: u64) -> Option<()> {
    (order_id > 0).then_some(())
}

fn main() {}

//! An async task that returns a value.

#[airlock::task]
async fn send_confirmation_email(order_id: u64) -> u64 {
    order_id
}

fn main() {}

//! A task whose error can't go to another thread.

#[airlock::task]
fn send_confirmation_email(order_id: u64) -> Result<(), Box<dyn std::error::Error>> {
    Err(order_id.to_string().into())
}

fn main() {}

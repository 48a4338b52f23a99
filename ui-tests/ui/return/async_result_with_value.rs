//! An async task that returns a value in a `Result`.

#[airlock::task]
async fn send_confirmation_email(order_id: u64) -> Result<u64, std::fmt::Error> {
    Ok(order_id)
}

fn main() {}

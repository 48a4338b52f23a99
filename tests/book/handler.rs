//! A handler under a layer, to be tested.

use axum::http::StatusCode;

#[airlock::task]
fn send_mail(order_id: u64) {
    unreachable!("captured: {order_id}");
}

async fn place() -> Result<StatusCode, StatusCode> {
    send_mail::enqueue(42).map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(StatusCode::CREATED)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // the block
    Ok(())
}

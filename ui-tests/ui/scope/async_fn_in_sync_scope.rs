//! The future of an async function in a sync scope, which would run outside of it.

async fn pay(order_id: u64) -> Result<u64, std::fmt::Error> {
    Ok(order_id)
}

fn main() {
    let _ = airlock::scope().run(|| pay(42));
}

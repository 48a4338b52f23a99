//! An `.await` inside a sync scope.

async fn pay(order_id: u64) -> Result<u64, std::fmt::Error> {
    Ok(order_id)
}

async fn checkout() {
    let _ = airlock::scope().run(|| pay(42).await);
}

fn main() {}

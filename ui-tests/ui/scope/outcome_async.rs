//! A future whose value doesn't say whether it succeeded.

async fn checkout() {
    let _ = airlock::scope().run_async(async { 42 }).await;
}

fn main() {}

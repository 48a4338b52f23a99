//! A future made under a policy, which would run without it.

#[airlock::task]
fn send_confirmation_email(_order_id: u64) {}

async fn quietly() {
    let _ = airlock::policy(airlock::DropAll)
        .run(|| async { send_confirmation_email::enqueue(42) })
        .await;
}

fn main() {
    drop(quietly());
}

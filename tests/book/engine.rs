use std::time::{Duration, SystemTime};

use airlock::worker::DeadLetters;
use airlock::{BoxError, tasks};

#[airlock::task(name = "mail.confirmation")]
async fn send_mail(order_id: u64) {
    println!("a mail about order {order_id}");
}

#[airlock::task(name = "warehouse.pack")]
fn pack(order_id: u64) {
    println!("the warehouse packs order {order_id}");
}

async fn checkout(order_id: u64) -> Result<(), airlock::EnqueueError> {
    pack::enqueue(order_id)?;
    send_mail::enqueue(order_id)
}

async fn shutdown() {
    tokio::time::sleep(Duration::from_millis(500)).await;
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
// the block
    Ok(())
}

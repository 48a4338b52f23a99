use airlock::celery::RabbitMq;
use airlock::{BoxError, tasks};

#[airlock::task(name = "mail.confirmation")]
fn send_mail(order_id: u64) {}

fn save(_: u64) -> Result<(), BoxError> {
    Ok(())
}

fn reserve_items(_: u64) -> Result<(), BoxError> {
    Ok(())
}

fn commit() -> Result<(), BoxError> {
    Ok(())
}

async fn shutdown() {}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let celery = RabbitMq::connect("amqp://localhost").await?;
// the block
    Ok(())
}

#[airlock::task]
fn send_mail(order_id: u64, text: String) {
    println!("mail about order {order_id}: {text}");
}

fn checkout(order_id: u64) -> Result<(), airlock::EnqueueError> {
    send_mail::enqueue(order_id, "thank you".into())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
// the block
    Ok(())
}

use std::error::Error;

use airlock::Task;

#[airlock::task]
fn write_audit(what: String) {
    println!("audit: {what}");
}

#[airlock::task]
fn send_receipt(order_id: u64) {
    println!("receipt for order {order_id}");
}

#[airlock::scoped]
fn pay(order_id: u64, enough: bool) -> Result<(), Box<dyn Error>> {
    write_audit::enqueue(format!("payment of order {order_id}"))?;
    send_receipt::enqueue(order_id)?;
    if enough { Ok(()) } else { Err("not enough money".into()) }
}

fn main() -> Result<(), Box<dyn Error>> {
// the block
    Ok(())
}

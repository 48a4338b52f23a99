use airlock::EnqueueError;

struct Order {
    id: u64,
}

impl Order {
    fn process(&mut self) -> Result<(), EnqueueError> {
        notify_warehouse::enqueue(self.id)?;
        send_confirmation_email::enqueue(self.id, "ada@example.com".into())
    }
}

#[airlock::task(name = "warehouse.notify")]
fn notify_warehouse(#[state] _outside: &Outside, order_id: u64) {
    println!("the warehouse packs order {order_id}");
}

#[airlock::task(name = "mail.confirmation")]
fn send_confirmation_email(#[state] _outside: &Outside, order_id: u64, email: String) {
    println!("{email} reads of order {order_id}");
}

#[derive(Default)]
struct Outside;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut order = Order { id: 1 };
// the block
    Ok(())
}

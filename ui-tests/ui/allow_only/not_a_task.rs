//! A function and a type that are no tasks.

struct Order;

fn send_confirmation_email(_order_id: u64) {}

fn main() {
    let _ = airlock::allow_only![send_confirmation_email];
    let _ = airlock::allow_only!["Order"];
}

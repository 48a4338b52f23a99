//! A function and a type that are no tasks, and what is no path.

struct Order;

fn send_confirmation_email(_order_id: u64) {}

#[airlock::policy(AllowOnly(send_confirmation_email))]
fn function() {}

#[airlock::policy(AllowOnly("Order"))]
fn type_() {}

fn main() {}

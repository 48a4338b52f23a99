//! A task whose error is no error.

struct Failure(u64);

#[airlock::task]
fn send_confirmation_email(order_id: u64) -> Result<(), Failure> {
    Err(Failure(order_id))
}

fn main() {}

//! A mistake in the body is rustc's to report, once.

#[airlock::task]
fn send_confirmation_email(order_id: u64) {
    let total: u64 = "a lot";
}

fn main() {}

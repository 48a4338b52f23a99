//! A type under `#[airlock::policy]`.

#[airlock::policy(DropAll)]
struct Checkout {
    order_id: u64,
}

fn main() {}

//! A type under `#[airlock::scoped]`.

#[airlock::scoped]
struct Checkout {
    order_id: u64,
}

fn main() {}

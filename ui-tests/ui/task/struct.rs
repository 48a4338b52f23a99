//! A type under `#[airlock::task]`.

#[airlock::task]
struct SendConfirmationEmail {
    order_id: u64,
}

fn main() {}

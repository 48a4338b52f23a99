//! A future made in a transaction's scope, which would run outside of it.

#[airlock::task]
fn send_confirmation_email(_order_id: u64) {}

use airlock::transaction::{Begun, Guard};

fn place<B: Begun>(tx: &mut Guard<B>) {
    tx.run(|_| async { send_confirmation_email::enqueue(42) });
}

fn main() {}

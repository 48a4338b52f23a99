//! A sealed scope, added to.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: u64) {}

fn main() {
    let (_, sealed) = airlock::scope().seal(|| send_confirmation_email::enqueue(42));
    sealed.run(|| send_confirmation_email::enqueue(43));
    sealed.enqueue(send_confirmation_email::intent(43));
    let _ = sealed.flush();
}

//! A scope, flushed before it ran, and from inside.

#![allow(unused_variables)]

#[airlock::task]
fn send_confirmation_email(order_id: u64) {}

fn main() {
    let _ = airlock::scope().flush();
    let _ = airlock::scope().run(|| {
        let _ = send_confirmation_email::enqueue(42);
        if let Some(scope) = airlock::current() {
            scope.flush();
        }
    });
}

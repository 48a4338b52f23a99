//! A task that almost exists, with and without arguments, and a function that is none.

#![allow(unused_variables)]

use airlock::assert_not_enqueued;
use airlock::testing::capture;

#[airlock::task]
fn send_confirmation_email(order_id: u64) {}

fn total() {}

fn main() {
    let (_, effects) = capture(|| send_confirmation_email::enqueue(42));
    assert_not_enqueued!(effects, send_confirmation_emial(42));
    assert_not_enqueued!(effects, send_confirmation_emial);
    assert_not_enqueued!(effects, shop::mail::send_reciept);
    assert_not_enqueued!(effects, total);
    assert_not_enqueued!(effects, shop::total);
}

//! A list of a task that almost exists, a task without its list, and a list in the path's place.

#![allow(unused_variables)]

use airlock::tasks;
use airlock::testing::assert_manifest;

#[airlock::task(name = "mail.confirmation")]
fn send_confirmation_email(order_id: u64) {}

fn main() {
    assert_manifest!("tasks.json", tasks![send_confirmation_emial]);
    assert_manifest!("tasks.json", send_confirmation_email);
    assert_manifest!(tasks![send_confirmation_email]);
}

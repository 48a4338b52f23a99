//! A local task's argument goes to no JSON, but to other threads.

#![allow(unused_variables)]

use std::rc::Rc;

#[airlock::task(local)]
fn send_confirmation_email(order_id: Rc<u64>) {}

fn main() {}

//! An argument that can't be handed to the thread that runs the task.

#![allow(unused_variables)]

use std::rc::Rc;

#[derive(serde::Serialize, serde::Deserialize)]
struct Order {
    id: u64,
    #[serde(skip)]
    customer: Rc<str>,
}

#[airlock::task]
fn send_confirmation_email(order: Order) {}

fn main() {}

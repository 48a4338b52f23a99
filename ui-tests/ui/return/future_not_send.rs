//! An async task that holds, while it waits, what can't go to another thread.

use std::rc::Rc;

async fn smtp() {}

#[airlock::task]
async fn send_confirmation_email(order_id: u64) {
    let order_id = Rc::new(order_id);
    smtp().await;
    drop(order_id);
}

fn main() {}

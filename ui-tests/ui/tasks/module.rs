//! A module that is no task.

#![allow(unused_variables)]

mod warehouse {
    #[airlock::task]
    pub fn notify(order_id: u64) {}
}

fn main() {
    let _ = airlock::tasks![warehouse];
}

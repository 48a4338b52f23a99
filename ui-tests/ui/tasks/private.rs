//! A task that isn't visible here.

#![allow(unused_variables)]

mod warehouse {
    #[airlock::task]
    fn notify(order_id: u64) {}
}

fn main() {
    let _ = airlock::tasks![warehouse::notify];
}

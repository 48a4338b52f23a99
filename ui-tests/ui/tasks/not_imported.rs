//! A task of another module, without its module or an import.

#![allow(unused_variables)]

mod warehouse {
    #[airlock::task]
    pub fn notify(order_id: u64) {}
}

fn main() {
    let _ = airlock::tasks![notify];
}

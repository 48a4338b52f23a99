//! A misspelt module on the way to a task.

#![allow(unused_variables)]

mod warehouse {
    #[airlock::task]
    pub fn notify(order_id: u64) {}
}

fn main() {
    let _ = airlock::tasks![warehuose::notify];
    let _ = airlock::tasks!["warehuose::notify"];
}

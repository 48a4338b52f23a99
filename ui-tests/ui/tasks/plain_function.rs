//! Functions that are no tasks: one of this module, one of another module, one of another crate.

fn send_confirmation_email(_order_id: u64) {}

mod warehouse {
    pub fn notify(_order_id: u64) {}
}

fn main() {
    let _ = airlock::tasks![send_confirmation_email];
    let _ = airlock::tasks![warehouse::notify];
    let _ = airlock::tasks!["shop::total"];
}

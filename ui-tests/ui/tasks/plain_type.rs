//! Types that are no tasks: one of this module, one of another module, one of another crate.

struct Order;

mod warehouse {
    pub struct Shelf;
}

fn main() {
    let _ = airlock::tasks![Order];
    let _ = airlock::tasks![warehouse::Shelf];
    let _ = airlock::tasks!["shop::Shelf"];
}

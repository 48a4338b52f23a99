//! A body whose value is of a type that is no outcome.

struct Order {
    id: u64,
}

fn main() {
    let _ = airlock::scope().run(|| Order { id: 42 });
}

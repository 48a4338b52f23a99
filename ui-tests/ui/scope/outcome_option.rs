//! A body whose value is an `Option`, which is no outcome.

fn main() {
    let _ = airlock::scope().run(|| Some(42));
}

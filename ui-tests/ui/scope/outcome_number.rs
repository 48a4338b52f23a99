//! A body whose value doesn't say whether it succeeded.

fn main() {
    let _ = airlock::scope().run(|| 42);
}

//! A body whose value is of another type than the function's: rustc's to report, on the value.

#[airlock::scoped]
fn total() -> u64 {
    "42"
}

#[airlock::scoped]
async fn total_async() -> u64 {
    "42"
}

fn main() {}

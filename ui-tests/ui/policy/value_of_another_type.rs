//! A body whose value is of another type than the function's: rustc's to report, on the value.

#[airlock::policy(DropAll)]
fn total() -> u64 {
    "42"
}

#[airlock::policy(DropAll)]
async fn total_async() -> u64 {
    "42"
}

fn main() {}

//! A value where a function for a failed flush goes.

#[airlock::scoped(on_flush_error = 0)]
fn checkout() -> u64 {
    42
}

fn main() {}

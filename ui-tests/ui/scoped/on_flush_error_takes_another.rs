//! A function for a failed flush that takes something else.

fn flush_failed(error: String) -> u64 {
    error.len() as u64
}

#[airlock::scoped(on_flush_error = flush_failed)]
fn checkout() -> u64 {
    42
}

fn main() {}

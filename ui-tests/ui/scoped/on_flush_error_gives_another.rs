//! A function for a failed flush that gives something else than the scoped function.

fn flush_failed(error: airlock::FlushError) -> String {
    error.to_string()
}

#[airlock::scoped(on_flush_error = flush_failed)]
fn checkout() -> u64 {
    42
}

fn main() {}

//! A function for a failed flush that doesn't exist.

fn flush_failed(error: airlock::FlushError) -> u64 {
    error.report().failed() as u64
}

#[airlock::scoped(on_flush_error = flush_faield)]
fn checkout() -> u64 {
    42
}

fn main() {}

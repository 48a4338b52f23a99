//! The book's pages about requests as documentation tests. The tests are in `it`, the benchmark in `benches`.

#[cfg(doctest)]
include!(concat!(env!("OUT_DIR"), "/pages.rs"));

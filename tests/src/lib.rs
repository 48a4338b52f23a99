//! The README and the book as documentation tests: each of their Rust blocks is compiled and run.
//!
//! `build.rs` makes a module of each page.

#[cfg(doctest)]
include!(concat!(env!("OUT_DIR"), "/pages.rs"));
